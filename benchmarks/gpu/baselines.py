#!/usr/bin/env python3
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""What others make of the same models and texts on the same device, for gpu.sh: sentence-transformers with batches of 32, 128 and 512,
Hugging Face's BertModel with torch.compile, what examples/export_encoder.py compiles with AOTInductor, and Hugging Face's tokeniser on one
thread. Prints a line of JSON for each; what is not installed, takes too long to compile, or finds the time over, is left out with a line
that says so.

    baselines.py [--toy] [--seconds N] TEXTS NAME=FOLDER...
"""

import argparse
import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--toy", action="store_true")
parser.add_argument("--seconds", type=float, default=180)
parser.add_argument("texts")
parser.add_argument("models", nargs="+")
given = parser.parse_args()
over = time.monotonic() + given.seconds
device = "cuda" if torch.cuda.is_available() else "cpu"
dtype = torch.float16 if device == "cuda" else torch.float32
with open(given.texts, encoding="utf-8") as file:
    texts = file.read().splitlines()  # in the order in which they arrive


def report(step, **figures):
    print(json.dumps({"step": step, **figures}), flush=True)


def seconds(work, runs=3):
    """The median of some runs, after one that does not count."""
    times = []
    for _ in range(2 if given.toy else runs + 1):
        start = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return sorted(times[1:])[len(times[1:]) // 2]


def sentence_transformers(name, folder):
    import sentence_transformers

    model = sentence_transformers.SentenceTransformer(folder, device=device, model_kwargs={"dtype": dtype})
    side = f"sentence-transformers {sentence_transformers.__version__}"
    for size in (32,) if given.toy else (32, 128, 512):
        taken = seconds(lambda: model.encode(texts, batch_size=size, convert_to_numpy=True, show_progress_bar=False))
        report("baseline", model=name, side=side, texts="mixed", batch_size=size, texts_per_second=len(texts) / taken)
    single = [seconds(lambda: model.encode(text, show_progress_bar=False), runs=1) for text in texts[: 3 if given.toy else 50]]
    report("baseline", model=name, side=side, texts="one at a time", p50_ms=1e3 * sorted(single)[len(single) // 2])


def tokens_per_second(run, batches):
    """`run` takes ids and mask."""

    def once():
        for ids, mask in batches:
            run(ids, mask)

    with torch.inference_mode():
        return sum(int(mask.sum()) for _, mask in batches) / seconds(once)


def texts_of_128_tokens():
    ids = torch.randint(1000, 2000, (2 if given.toy else 128, 128), device=device)
    return [(ids, torch.ones_like(ids))]


def sorted_batches(folder):
    """(name, batches) of the texts, in ascending length, padded to the longest of their batch."""
    from transformers import AutoTokenizer

    encoded = AutoTokenizer.from_pretrained(folder)(sorted(texts, key=len), truncation=True, max_length=256)["input_ids"]
    encoded.sort(key=len)
    size, batches = 4 if given.toy else 128, []
    for first in range(0, len(encoded), size):
        batch = encoded[first : first + size]
        longest = len(batch[-1])
        batches.append(tuple(torch.tensor([filler(row, longest) for row in batch], device=device) for filler in (
            lambda row, longest: row + [0] * (longest - len(row)), lambda row, longest: [1] * len(row) + [0] * (longest - len(row)))))
    return f"mixed, sorted, batches of {size}", batches


def compiled(name, folder):
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder, dtype=dtype, add_pooling_layer=False).to(device).eval()
    side = f"torch.compile {torch.__version__}"

    def rate(run, batches):
        return tokens_per_second(lambda ids, mask: run(input_ids=ids, attention_mask=mask), batches)

    report("baseline", model=name, side=side, texts="128", tokens_per_second=rate(torch.compile(model), texts_of_128_tokens()))

    in_time(name)
    mixed, batches = sorted_batches(folder)
    torch.compiler.reset()
    report("baseline", model=name, side=side, texts=mixed, tokens_per_second=rate(torch.compile(model, dynamic=True), batches))


def exported(folder, package, limit):
    """Writes the package with examples/export_encoder.py, in `limit` seconds."""
    exporter = Path(__file__).parents[2] / "examples/export_encoder.py"
    command = [sys.executable, "-W", "ignore", exporter, folder, package, "--device", device, "--dtype", str(dtype).split(".")[1]]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        faults = process.communicate(timeout=limit)[1]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # with the compilers that it has started
        process.communicate()
        raise TimeoutError(f"compiling took more than {limit:.0f} seconds") from None
    lines = faults.strip().splitlines() or [""]
    if process.returncode == 3:
        raise ModuleNotFoundError(lines[-1], name=lines[-1])
    if process.returncode:
        raise RuntimeError(lines[-1])


def aot_inductor(name, folder):
    import torch._inductor

    with tempfile.TemporaryDirectory() as scratch:
        package = f"{scratch}/encoder.pt2"
        begin = time.monotonic()
        exported(folder, package, min(120, (over - begin) / 3))
        took = time.monotonic() - begin
        # A package for the CPU names no library: who runs it has loaded libtorch, for all to see.
        ctypes.CDLL(str(Path(torch.__file__).parent / "lib/libtorch_cpu.so"), mode=ctypes.RTLD_GLOBAL)
        run = torch._inductor.aoti_load_package(package)
        side = f"AOTInductor {torch.__version__}"
        report("baseline", model=name, side=side, texts="128", seconds_to_compile=took,
               tokens_per_second=tokens_per_second(run, texts_of_128_tokens()))
        mixed, batches = sorted_batches(folder)
        report("baseline", model=name, side=side, texts=mixed, tokens_per_second=tokens_per_second(run, batches))


def tokenizer(name, folder):
    import tokenizers

    fast = tokenizers.Tokenizer.from_file(f"{folder}/tokenizer.json")
    fast.no_padding()
    fast.no_truncation()
    count = sum(len(each.ids) for each in fast.encode_batch(texts))
    taken = seconds(lambda: [fast.encode(text) for text in texts])  # one at a time, which takes one thread
    report("tokenizer", side=f"tokenizers {tokenizers.__version__}", tokens_per_second=count / taken)


def in_time(name):
    if time.monotonic() > over:
        raise TimeoutError(f"the {given.seconds:.0f} seconds for the baselines are over")


models = [each.split("=", 1) for each in given.models]
to_compile = models[-1:] if given.toy else models  # which takes a minute and more; AOTInductor is last, if there is time
plan = [(tokenizer, *models[0])]
plan += [(sentence_transformers, *model) for model in models]
plan += [(work, *model) for work in (compiled, aot_inductor) for model in to_compile]
for work, name, folder in plan:
    try:
        in_time(name)
        work(name, folder)
    except ImportError as missing:
        report("baseline", model=name, side=work.__name__, skipped=f"not installed: {missing.name}")
    except TimeoutError as late:
        report("baseline", model=name, side=work.__name__, skipped=str(late))
    except Exception as failure:  # one baseline that fails is no loss for the others
        report("baseline", model=name, side=work.__name__, failed=f"{type(failure).__name__}: {failure}"[:200])
