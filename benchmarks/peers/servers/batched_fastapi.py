# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""FastAPI with mixedbread's batched."""

import asyncio

import batched
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from model import Embedder, options

given = options()
embedder = Embedder(given.model)
settings = {}
if given.max_batch_size:
    settings = {"batch_size": given.max_batch_size, "timeout_ms": given.max_delay_ms, "small_batch_threshold": 1}


@batched.aio.dynamically(**settings)
def run(texts: list[str]) -> list[list[float]]:
    return embedder(texts)


app = FastAPI()


class Request(BaseModel):
    inputs: list[str]


@app.post("/embed")
async def embed(request: Request):
    return await asyncio.gather(*(run(text) for text in request.inputs))


uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning")
