# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""BentoML; run by its own command, so the options come from the environment."""

import os

import bentoml

from model import Embedder

batching = {}
if "MAX_BATCH_SIZE" in os.environ:
    batching = {"max_batch_size": int(os.environ["MAX_BATCH_SIZE"])}


@bentoml.service(workers=1, traffic={"timeout": 120, "max_concurrency": 1024})
class Embedding:
    def __init__(self):
        self._embed = Embedder(os.environ["MODEL"])

    @bentoml.api(route="/embed", batchable=True, max_latency_ms=60000, **batching)
    def embed(self, inputs: list[str]) -> list[list[float]]:
        return self._embed(inputs)
