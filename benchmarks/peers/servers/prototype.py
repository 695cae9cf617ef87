# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""The textbook service: Flask, and a thread that gathers requests until there are 8 or 50 ms have passed."""

import queue
import threading
import time
from concurrent.futures import Future

from flask import Flask, jsonify, request

from model import Embedder, options

given = options()
largest = given.max_batch_size or 8
delay = (50 if given.max_delay_ms is None else given.max_delay_ms) / 1000
waiting = queue.Queue()


def gather():
    batch = [waiting.get()]
    leave = time.monotonic() + delay
    while len(batch) < largest:
        try:
            batch.append(waiting.get(timeout=max(leave - time.monotonic(), 0)))
        except queue.Empty:
            break
    return batch


def run(embed):
    while True:
        batch = gather()
        for (_, answer), vector in zip(batch, embed([text for text, _ in batch])):
            answer.set_result(vector)


app = Flask(__name__)


@app.post("/embed")
def embed():
    answers = []
    for text in request.json["inputs"]:
        answers.append(Future())
        waiting.put((text, answers[-1]))
    return jsonify([answer.result() for answer in answers])


threading.Thread(target=run, args=(Embedder(given.model),), daemon=True).start()
app.run(host="127.0.0.1", port=given.port, threaded=True)
