# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Lets NVIDIA's perf_analyzer, unmodified, measure the real server with the real model over the Open Inference Protocol.

try_perf_analyzer.py EMBED_SERVER START: 64 requests at once must share batches, by the analyzer's own count, and one at a
time must not. START is what fetch_perf_analyzer.sh has made; exits with 77, for ctest's "skipped", where that is missing.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import embed_server

MODEL = "all-MiniLM-L6-v2"
REQUESTS = 640


def measure(start, address, concurrency, requests, folder):
    """Answers per second and texts per run of the model, as perf_analyzer says."""
    texts = pathlib.Path(folder) / "texts.json"
    lengths = (3, 8, 20, 5, 40, 12, 25, 6)
    texts.write_text(json.dumps({"data": [{"TEXT": [" ".join(["share the ride"] * length)]} for length in lengths]}))
    done = subprocess.run([start, "-m", MODEL, "-i", "http", "-u", address.removeprefix("http://"), "--input-data", texts,
                           "--concurrency-range", str(concurrency), "--request-count", str(requests)],
                          capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    client, server = done.stdout.split("Server:", 1)
    count, runs = (int(re.search(rf"{what} count: (\d+)", server)[1]) for what in ("Inference", "Execution"))
    return float(re.search(r"Throughput: ([\d.]+)", client)[1]), count / runs


def main():
    program, start = sys.argv[1:]
    if not pathlib.Path(start).is_file():
        print("skipped: there is no perf_analyzer; cmake/install-dependencies.sh tests fetches it")
        sys.exit(77)
    with embed_server.running(program) as address, tempfile.TemporaryDirectory() as folder:
        together, mean = measure(start, address, 64, REQUESTS, folder)
        print(f"perf_analyzer, 64 requests at once: {together:.0f} answers per second, {mean:.1f} texts per batch")
        alone, mean_alone = measure(start, address, 1, REQUESTS // 8, folder)
        print(f"perf_analyzer, one request at a time: {alone:.0f} answers per second, {mean_alone:.1f} texts per batch")
        assert mean > 8, "so many should share batches"
        assert mean_alone == 1, "nobody to share a batch with"


if __name__ == "__main__":
    main()
