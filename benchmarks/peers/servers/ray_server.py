# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Ray Serve."""

import asyncio
import signal

from ray import serve
from starlette.requests import Request

from model import Embedder, options

given = options()
batching = {}
if given.max_batch_size:
    batching = {"max_batch_size": given.max_batch_size, "batch_wait_timeout_s": given.max_delay_ms / 1000}


@serve.deployment(num_replicas=1, max_ongoing_requests=1024, ray_actor_options={"num_cpus": 1})
class Embedding:
    def __init__(self, folder):
        self._embed = Embedder(folder)

    @serve.batch(**batching)
    async def run(self, texts: list[str]):
        return self._embed(texts)

    async def __call__(self, request: Request):
        return await asyncio.gather(*(self.run(text) for text in (await request.json())["inputs"]))


serve.start(http_options={"host": "127.0.0.1", "port": given.port})
serve.run(Embedding.bind(given.model), route_prefix="/embed")
signal.sigwait([signal.SIGTERM, signal.SIGINT])
serve.shutdown()
