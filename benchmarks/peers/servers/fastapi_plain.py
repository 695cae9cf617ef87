# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""sentence-transformers behind FastAPI, in its pool of threads; no batching."""

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from model import Embedder, options

given = options()
embedder = Embedder(given.model)
app = FastAPI()


class Request(BaseModel):
    inputs: list[str]


@app.post("/embed")
def embed(request: Request):
    return embedder(request.inputs)


uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning")
