#!/usr/bin/env python3
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""What others make of the same texts on the same device, for gpu.sh: sentence-transformers with batches of 32, 128 and 512, and
Hugging Face's BertModel with torch.compile. Prints a line of JSON for each; what is not installed is left out with a line that
says so.

    baselines.py [--toy] MODEL TEXTS
"""

import json
import sys
import time

import torch

toy = "--toy" in sys.argv
model_folder, texts_file = [each for each in sys.argv[1:] if each != "--toy"]
device = "cuda" if torch.cuda.is_available() else "cpu"
dtype = torch.float16 if device == "cuda" else torch.float32
with open(texts_file, encoding="utf-8") as file:
    texts = file.read().splitlines()
texts = texts[:4] if toy else texts * 30  # in the order in which they would arrive


def report(name, **figures):
    print(json.dumps({"step": "baseline", "name": name, "device": device, **figures}), flush=True)


def seconds(work):
    """The median of three runs, after one that does not count."""
    times = []
    for _ in range(2 if toy else 4):
        start = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return sorted(times[1:])[len(times[1:]) // 2]


def sentence_transformers():
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(model_folder, device=device, model_kwargs={"torch_dtype": dtype})
    for size in (32,) if toy else (32, 128, 512):
        taken = seconds(lambda: model.encode(texts, batch_size=size, convert_to_numpy=True, show_progress_bar=False))
        report("sentence-transformers", batch_size=size, texts_per_second=len(texts) / taken)
    taken = seconds(lambda: [model.encode(text, show_progress_bar=False) for text in texts[:20]])
    report("sentence-transformers, one text at a time", milliseconds=1e3 * taken / len(texts[:20]))


def compiled():
    from transformers import AutoModel

    model = AutoModel.from_pretrained(model_folder, torch_dtype=dtype).to(device).eval()
    run = torch.compile(model)
    rows, length = (2, 16) if toy else (128, 128)
    ids = torch.randint(1000, 2000, (rows, length), device=device)
    mask = torch.ones_like(ids)
    with torch.inference_mode():
        taken = seconds(lambda: run(input_ids=ids, attention_mask=mask))
    report("transformers, torch.compile, all of one length", tokens=rows * length, tokens_per_second=rows * length / taken)


for name, work in (("sentence-transformers", sentence_transformers), ("transformers, torch.compile", compiled)):
    try:
        work()
    except ImportError as missing:
        report(name, skipped=f"not installed: {missing.name}")
    except Exception as failure:  # one baseline that fails is no loss for the others
        report(name, failed=f"{type(failure).__name__}: {failure}"[:200])
