#!/usr/bin/env python3
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Makes of what gpu.sh has measured a short table of goals, a table of each step, and plots. Needs nothing but Python.

    report.py MEASURED.jsonl FOLDER
"""

import json
import math
import sys
from pathlib import Path

import floors

COLOURS = ("#c05a1a", "#8a9bb0", "#4a7a4a", "#7a4a7a", "#b09a30", "#303030", "#b03060", "#2a7a9a")
WIDTH, HEIGHT, LEFT, BOTTOM = 760, 440, 90, 50


class Measured:
    """The lines, and what follows from them. What was not measured is None, and so is all that would follow from it."""

    def __init__(self, lines):
        self.lines = lines
        self.models = [line for line in lines if line["step"] == "model"]

    def all(self, step, **wanted):
        return [line for line in self.lines if line["step"] == step and wanted.items() <= line.items()]

    def best(self, figure, step, **wanted):
        return max((line[figure] for line in self.all(step, **wanted) if line.get(figure) is not None), default=None)

    def floor(self, model, lengths, gelu, each_product):
        """Tokens per second; with the measured speed of each product (F_m) or that of the largest (F)."""
        row = next(iter(self.all("encoder", model=model["model"], side="encoder alone", lengths=lengths, gelu=gelu)), None)
        length = row["length_by_tokens"] if row else float(lengths)
        bandwidth = self.best("gb_per_second", "ceilings", what="copy, read and written")
        peak = self.best("tflops", "ceilings", what="large")
        if not bandwidth or not peak:
            return None

        def speed(product):
            found = self.all("ceilings", model=model["model"], what=product) if each_product else []
            return 1e12 * max(found, key=lambda line: line["m"])["tflops"] if found else 1e12 * peak

        return 1 / floors.seconds_per_token(model, length, gelu, 1e9 * bandwidth, speed)

    def alone(self, model, lengths, gelu="exact", side="encoder alone"):
        return self.best("tokens_per_second", "encoder", model=model["model"], side=side, lengths=lengths, gelu=gelu)

    def loop(self, model, figure="texts_per_second", **wanted):
        return self.best(figure, "end to end", **{"model": model["model"], "side": "carpool", "loop": "closed", "gelu": "exact",
                                                  "texts": "mixed", **wanted})

    def baseline(self, model, figure, side, **wanted):
        found = self.all("baseline", model=model["model"], **wanted)
        return max((line[figure] for line in found if line["side"].startswith(side) and figure in line), default=None)

    def mixed(self, model):
        """Tokens per second on the texts of the loops by those who pad, by the first word of who they are."""
        lines = self.all("baseline", model=model["model"])
        return {line["side"].split()[0]: line["tokens_per_second"] for line in lines if line.get("texts", "").startswith("mixed, sorted")}

    def tokens_per_text(self, model):
        row = next(iter(self.all("encoder", model=model["model"], side="encoder alone", lengths="of the loops", gelu="exact")), None)
        return row["tokens"] / row["texts"] if row else None

    def levels(self, model):
        """(side, tokens per second) of what was measured with one size of batch, on the texts of the loops."""
        yield from ((f"{side}, padded, sorted", speed) for side, speed in self.mixed(model).items())
        for side, figure in (("fp32", "tokens_per_second_of_fp32"), ("fp32 with TF32 products", "tokens_per_second")):
            speed = self.best(figure, "tf32", model=model["model"])
            if speed:
                yield f"{side}, a full batch", speed

    def graphs(self, model):
        """How long small batches take with graphs, as a share of the time without; the worst of them."""
        def small(side):
            rows = self.all("encoder", model=model["model"], side=side)
            return {(row["lengths"], row["tokens"]): row["microseconds"] for row in rows if row["tokens"] <= 512}

        plain = small("lane, no graphs")
        shares = [time / plain[batch] for batch, time in small("lane").items() if batch in plain]
        return max(shares, default=None)

    def rounding(self, model):
        """The largest error of embeddings as a share of what rounding explains (tests/support/rounding.hpp), in any precision."""
        lines = self.all("correctness", model=model["model"]) + self.all("tf32", model=model["model"])
        return max((line["largest_error"] / line["allowed"] for line in lines if "allowed" in line), default=None)

    def invariant(self, model, figure):
        return self.best(figure, "invariance", model=model["model"], mode="invariant")

    def arrivals(self, model):
        """The largest share of what a closed loop reaches that random arrivals may have, 99 % of them answered in 50 ms."""
        rows = self.all("end to end", model=model["model"], loop="open")
        return max((row["share_of_closed_loop"] for row in rows if row["p99_ms"] <= 50), default=0.0) if rows else None


def over(a, b):
    return None if a is None or not b else a / b


def goals(data):
    """(what, measured, what is to be reached, what is aimed at); where less is better, the aim is below what is to be reached."""
    for number, model in enumerate(data.models[:2]):
        for what, value, accept, aim in goals_of(data, model, number == 0):
            yield f"{model['model']}, {what}", value, accept, aim


def goals_of(data, model, small):
    """`small`: what is asked of all-MiniLM-L6-v2, else of BERT-base."""
    st = "sentence-transformers"
    ours, alone = data.loop(model), data.alone(model, "of the loops")
    per_text = data.tokens_per_text(model)
    yield "largest error / what rounding explains", data.rounding(model), 1, 0.5
    differing = data.invariant(model, "texts_that_differ")
    same = None if differing is None else 1 - differing / data.invariant(model, "texts")
    yield "invariant mode: share of texts that are bitwise the same in any company", same, 1, 1
    yield "invariant mode / default, tokens per second", data.invariant(model, "times_the_default_speed"), 0.95, 0.99
    yield "fp32 with TF32 products / fp32, tokens per second", data.best("times_the_speed_of_fp32", "tf32", model=model["model"]), 2, 4
    for lengths in ("128", "32", "512"):
        for gelu in ("tanh", "exact"):
            rate, what = data.alone(model, lengths, gelu), f"encoder, {lengths} tokens, {gelu} GELU"
            goal = ((0.60, 0.75) if small else (0.68, 0.78)) if lengths == "128" else (0.55, 0.70)
            yield f"{what}: of F", over(rate, data.floor(model, lengths, gelu, False)), *goal
            if lengths == "128":
                goal = (0.80, 0.93) if small else (0.85, 0.93)
                yield f"{what}: of F_m", over(rate, data.floor(model, lengths, gelu, True)), *goal
    yield "text to vector / encoder alone", over(ours, over(alone, per_text)), *((0.80, 0.90) if small else (0.93, 0.97))
    if not small:
        fifty = data.loop(model, gelu="tanh", texts="50 tokens")
        of_floor = over(fifty and 50 * fifty, data.floor(model, "50", "tanh", False))
        yield "text to vector, 50 tokens, tanh GELU: of F", of_floor, 0.57, 0.70

    padded = data.alone(model, "1 to 128", side="padded SDPA")
    yield "packed / padded SDPA, lengths 1 to 128", over(data.alone(model, "1 to 128"), padded), 1.6, 1.9
    theirs = data.baseline(model, "texts_per_second", st, batch_size=32)
    yield f"text to vector / {st}, batches of 32", over(ours, theirs), *((6, 15) if small else (3, 5))
    theirs = data.baseline(model, "texts_per_second", st)
    yield f"text to vector / {st}, its best batch size", over(ours, theirs), *((2.5, 5) if small else (1.3, 2))
    for compiler in ("torch.compile", "AOTInductor"):
        theirs = data.baseline(model, "tokens_per_second", compiler, texts="128")
        yield f"encoder / {compiler}, 128 tokens", over(data.alone(model, "128"), theirs), 0.95, 1.1
        yield f"encoder / {compiler}, mixed lengths", over(alone, data.mixed(model).get(compiler)), 1.5, 2

    tei = dict(gelu="tanh", side="TEI mode, an imitation")
    # More than 512 it would refuse.
    callers = [line["in_flight"] for line in data.all("end to end", model=model["model"], loop="closed", **tei)]
    many = max((count for count in callers if count <= 512), default=None)
    ratio = over(data.loop(model, gelu="tanh", in_flight=many), data.loop(model, in_flight=many, **tei))
    yield f"/ TEI mode (an imitation), {many} in flight", ratio, *((2, 4) if small else (1.15, 1.3))
    ratio = over(data.loop(model, "p50_ms", gelu="tanh", in_flight=1), data.loop(model, "p50_ms", in_flight=1, **tei))
    yield "median latency of one caller / TEI mode", ratio, 0.5, 0.33
    yield "time with CUDA graphs / without, up to 512 tokens", data.graphs(model), 0.55, 0.4
    ratio = over(data.loop(model, "p50_ms", in_flight=1, lanes=2), data.baseline(model, "p50_ms", st))
    yield f"median latency of one caller / {st}, one text", ratio, 0.35, 0.2
    yield "random arrivals with 99 % in 50 ms / closed loop", data.arrivals(model), 0.80, 0.90
    yield "GPU busy at saturation", data.loop(model, "gpu_busy", lanes=2), 0.95, 0.98
    if small:
        yield "2 lanes / 1", over(data.loop(model, lanes=2), data.loop(model, lanes=1)), 1.1, 1.3
        theirs = max((line["tokens_per_second"] for line in data.all("tokenizer") if line["side"] != "carpool"), default=None)
        yield "tokeniser, one thread / Hugging Face's", over(data.best("tokens_per_second", "tokenizer", side="carpool"), theirs), 10, 25


def verdict(value, accept, aim):
    if value is None:
        return "not measured"
    sign = -1 if aim < accept else 1
    return "aim reached" if sign * value >= sign * aim else "accepted" if sign * value >= sign * accept else "missed"


def goal_table(data):
    text = ["| | measured | to be reached | aim | |", "|---|---|---|---|---|"]
    for what, value, accept, aim in goals(data):
        text.append(f"| {what} | {'' if value is None else f'{value:.2f}'} | {accept:g} | {aim:g} | {verdict(value, accept, aim)} |")
    return "\n".join(text)


def tables(lines):
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
    if isinstance(value, (int, float)):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return "" if value is None else str(value)


def curves(lines, x, y, name):
    """(x, y) of the lines that have both, a curve per name; where a point was measured twice, the better."""
    found = {}
    for line in lines:
        if line.get(x) and line.get(y):
            curve = found.setdefault(name(line), {})
            curve[line[x]] = max(line[y], curve.get(line[x], 0))
    return {name: sorted(curve.items()) for name, curve in found.items()}


def round_numbers(least, most):
    """1, 2 or 5 times a power of ten, and between the two."""
    powers = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    return [times * 10**power for power in powers for times in (1, 2, 5) if least <= times * 10**power <= most]


def plot(title, found):
    points = [point for curve in found.values() for point in curve]
    ranges = [(min(values), max(values)) for values in zip(*points)]

    def place(value, axis):
        least, most = ranges[axis]
        share = math.log(value / least) / math.log(most / least) if most > least else 0.5
        return LEFT + share * (WIDTH - LEFT - 30) if axis == 0 else HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - 46 - 14 * len(found))

    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           f'<text x="10" y="20" font-size="14" font-weight="bold">{title}</text>']
    for x in sorted({point[0] for point in points}):
        svg.append(f'<text x="{place(x, 0):.0f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{x:,.0f}</text>')
    for y in round_numbers(*ranges[1]):
        at = f"{place(y, 1):.0f}"
        svg.append(f'<line x1="{LEFT}" x2="{WIDTH - 30}" y1="{at}" y2="{at}" stroke="#ddd"/>')
        svg.append(f'<text x="{LEFT - 8}" y="{at}" text-anchor="end">{y:,.0f}</text>')
    for number, (name, curve) in enumerate(found.items()):
        colour = COLOURS[number % len(COLOURS)]
        way = " ".join(f"{place(x, 0):.1f},{place(y, 1):.1f}" for x, y in curve)
        svg.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        svg.append(f'<text x="{LEFT}" y="{38 + 14 * number}" fill="{colour}">{name}</text>')
    return "\n".join(svg + ["</svg>", ""])


def plots(data):
    """(file, title, curves) of each model."""
    for model in data.models:
        name = model["model"]
        lanes = [line for line in data.all("encoder", model=name) if line.get("side", "").startswith("lane")]
        found = curves(lanes, "tokens", "tokens_per_second", lambda line: f"{line['side']}, lengths {line['lengths']}")
        sizes = [point[0] for curve in found.values() for point in curve]
        for side, speed in data.levels(model) if sizes else ():
            found[side] = [(min(sizes), speed), (max(sizes), speed)]
        yield f"encoder_{name}.svg", f"{name}: tokens per second over tokens in a batch, one lane, exact GELU", found
        loops = data.all("end to end", model=name, loop="closed", texts="mixed")
        yield f"loops_{name}.svg", f"{name}: texts per second over callers, from text to vector", curves(
            loops, "in_flight", "texts_per_second", lambda line: f"{line['side']}, {line['gelu']} GELU, lanes: {line['lanes']:.0f}")


measured, folder = Path(sys.argv[1]), Path(sys.argv[2])
everything = Measured([json.loads(line) for line in measured.read_text(encoding="utf-8").splitlines() if line.startswith("{")])
print(goal_table(everything))
print(tables(everything.lines))
for file, title, found in plots(everything):
    if found:
        (folder / file).write_text(plot(title, found), encoding="utf-8")
