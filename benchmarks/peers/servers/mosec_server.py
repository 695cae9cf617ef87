# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""mosec; it reads the command line itself, so the options come from the environment."""

import os

import mosec

from model import Embedder


class Worker(mosec.Worker):
    def __init__(self):
        self._embed = Embedder(os.environ["MODEL"])

    def forward(self, data):
        if isinstance(data, list):
            return [[vector] for vector in self._embed([one["inputs"][0] for one in data])]
        return self._embed(data["inputs"])


if __name__ == "__main__":
    batching = {}
    if "MAX_BATCH_SIZE" in os.environ:
        batching = {"max_batch_size": int(os.environ["MAX_BATCH_SIZE"]), "max_wait_time": 1}  # ms
    server = mosec.Server()
    server.register_runtime({"/embed": [mosec.Runtime(Worker, num=1, **batching)]})
    server.run()
