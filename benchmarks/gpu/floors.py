# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""The fastest that a device could run a BERT encoder: its roofline.

A batch takes the sum, over the kernels of the fused form, of the longer of two times: that of the operations at the speed of a
large product, and that of reading inputs and weights and writing the result at the speed of a copy. Seven kernels make a layer:
query, key, value; attention; its output; sum and norm; the intermediate product with GELU by tanh in it; the output; sum and
norm. Exact GELU is a kernel of its own. Numbers of the encoder have two bytes.

F takes one speed for all products, F_m the measured speed of each. With the figures of
an H200, which `python3 -m doctest floors.py` tests:

>>> base, minilm = dict(layers=12, hidden=768, inner=3072), dict(layers=6, hidden=384, inner=1536)
>>> def rate(model, length, gelu): return round(1 / seconds_per_text(model, length, gelu, 4.3e12, lambda product: 790e12))
>>> [rate(base, length, gelu) for length in (32, 128, 512) for gelu in ("tanh", "exact")]
[121176, 106954, 30294, 26739, 7380, 6534]
>>> [rate(minilm, length, gelu) for length in (32, 128, 512) for gelu in ("tanh", "exact")]
[831242, 676885, 207811, 169221, 49722, 40814]
>>> round(50 * 1e-6 / seconds_per_text(base, 50, "tanh", 4.3e12, lambda product: 790e12), 2)
3.88
"""

TOKENS = 16384  # in the batch


def kernels(model, length, gelu, tokens=TOKENS):
    """(name, operations, bytes) of each kernel of one layer; `length` may be a mean weighted by tokens."""
    hidden, inner = model["hidden"], model["inner"]

    def product(name, columns, depth):
        return name, 2 * tokens * columns * depth, 2 * (tokens * (columns + depth) + columns * depth)

    all_of_them = [
        product("query, key, value", 3 * hidden, hidden),
        ("attention", 4 * tokens * length * hidden, 2 * tokens * 4 * hidden),
        product("attention output", hidden, hidden),
        ("norm", 0, 2 * tokens * 3 * hidden),
        product("intermediate", inner, hidden),
        product("output", hidden, inner),
        ("norm", 0, 2 * tokens * 3 * hidden),
    ]
    return all_of_them + ([("gelu", 0, 2 * tokens * 2 * inner)] if gelu == "exact" else [])


def seconds_per_token(model, length, gelu, bandwidth, speed, tokens=TOKENS):
    """`bandwidth` in bytes per second, `speed(name)` in operations per second."""
    times = [max(work / speed(name), moved / bandwidth) for name, work, moved in kernels(model, length, gelu, tokens)]
    return model["layers"] * sum(times) / tokens


def seconds_per_text(model, length, gelu, bandwidth, speed, tokens=TOKENS):
    return length * seconds_per_token(model, length, gelu, bandwidth, speed, tokens)
