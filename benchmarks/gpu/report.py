#!/usr/bin/env python3
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Makes a table of what gpu.sh has measured, and a plot of the encoder's rate over the size of a batch. Needs nothing but Python.

    report.py MEASURED.jsonl FOLDER
"""

import json
import math
import sys
from pathlib import Path

COLOURS = ("#c05a1a", "#8a9bb0", "#4a7a4a", "#7a4a7a")
WIDTH, HEIGHT, LEFT, BOTTOM = 760, 420, 90, 50


def table(lines):
    """Every step as a table of its own, with the columns that occur in it."""
    steps = {}
    for line in lines:
        steps.setdefault(line["step"], []).append({key: value for key, value in line.items() if key != "step"})
    text = []
    for step, rows in steps.items():
        columns = list(dict.fromkeys(key for row in rows for key in row))
        text.append(f"\n### {step}\n")
        text.append("| " + " | ".join(column.replace("_", " ") for column in columns) + " |")
        text.append("|" + "---|" * len(columns))
        for row in rows:
            text.append("| " + " | ".join(shown(row.get(column, "")) for column in columns) + " |")
    return "\n".join(text)


def shown(value):
    if isinstance(value, float) or isinstance(value, int):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)


def curves(lines):
    """Tokens per second over tokens, a curve per lane and kind of lengths."""
    found = {}
    for line in lines:
        if line["step"] == "encoder" and "tokens_per_second" in line:
            found.setdefault(f"{line['lane']}, lengths {line['lengths']}", []).append(
                (line["tokens"], line["tokens_per_second"]))
    return found


def plot(found):
    points = [point for curve in found.values() for point in curve]
    ranges = [(min(values), max(values)) for values in zip(*points)]

    def place(value, axis):
        least, most = ranges[axis]
        share = math.log(value / least) / math.log(most / least) if most > least else 0.5
        return LEFT + share * (WIDTH - LEFT - 30) if axis == 0 else HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - 90)

    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           '<text x="10" y="20" font-size="14" font-weight="bold">Tokens per second over tokens in a batch, one lane</text>']
    for tokens in sorted({point[0] for point in points}):
        svg.append(f'<text x="{place(tokens, 0):.0f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{tokens:,.0f}</text>')
    for rate in ranges[1]:
        svg.append(f'<text x="{LEFT - 8}" y="{place(rate, 1):.0f}" text-anchor="end">{rate:,.0f}</text>')
    for number, (name, curve) in enumerate(found.items()):
        colour = COLOURS[number % len(COLOURS)]
        way = " ".join(f"{place(x, 0):.1f},{place(y, 1):.1f}" for x, y in sorted(curve))
        svg.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        svg.append(f'<text x="{LEFT}" y="{38 + 14 * number}" fill="{colour}">{name}</text>')
    return "\n".join(svg + ["</svg>", ""])


measured, folder = Path(sys.argv[1]), Path(sys.argv[2])
everything = [json.loads(line) for line in measured.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
print(table(everything))
if curves(everything):
    (folder / "encoder.svg").write_text(plot(curves(everything)), encoding="utf-8")
