#!/usr/bin/env python3
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Draws groups of bars, as bench_overhead --json and bench_encoder --json write them, into an SVG file.

Needs nothing but Python.

    plot_bars.py MEASURED.json PLOT.svg

The axis is logarithmic; a thin line shows the range of the rounds.
"""

import json
import math
import sys
from html import escape

WIDTH, LABELS, BAR, GAP, TOP = 900, 260, 16, 34, 50


def position(value, least, most):
    """Where a value is drawn, between the labels and the right edge."""
    share = math.log(value / least) / math.log(most / least)
    return LABELS + share * (WIDTH - LABELS - 70)


def text(x, y, what, anchor="start", style=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {style}>{escape(what)}</text>'


def draw(measured):
    bars = [bar for group in measured["groups"] for bar in group["bars"]]
    least = 10 ** math.floor(math.log10(min(bar["least"] for bar in bars)))
    most = max(bar["most"] for bar in bars) * 1.1
    height = TOP + sum(GAP + BAR * len(group["bars"]) for group in measured["groups"]) + 20
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        text(10, 22, f'{measured["title"]}, {measured["unit"]}', style='font-size="14" font-weight="bold"'),
    ]
    tick = least
    while tick <= most:
        x = position(tick, least, most)
        lines.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{height - 10}" stroke="#ddd"/>')
        lines.append(text(x, TOP - 12, f"{tick:,.0f}", "middle"))
        tick *= 10
    y = TOP
    for group in measured["groups"]:
        y += GAP - 12
        lines.append(text(10, y, group["name"], style='font-weight="bold"'))
        y += 8
        for bar in group["bars"]:
            colour = "#c05a1a" if bar["name"].startswith("carpool") else "#8a9bb0"
            x, low, high = (position(bar[key], least, most) for key in ("value", "least", "most"))
            middle = y + BAR / 2
            lines.append(text(LABELS - 6, middle + 4, bar["name"], "end"))
            lines.append(f'<rect x="{LABELS}" y="{y + 2}" width="{x - LABELS:.1f}" height="{BAR - 4}" fill="{colour}"/>')
            lines.append(f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" stroke="black"/>')
            lines.append(text(high + 5, middle + 4, f'{bar["value"]:,.0f}'))
            y += BAR
        y += 4
    return "\n".join(lines + ["</svg>", ""])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        measured = json.load(file)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(draw(measured))


if __name__ == "__main__":
    main()
