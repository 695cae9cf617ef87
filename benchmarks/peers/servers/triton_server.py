# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Triton Inference Server by way of nvidia-pytriton, with its dynamic batcher."""

import socket

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from model import Embedder, options

given = options()
embedder = Embedder(given.model)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@batch
def run(TEXT):
    texts = [text.decode() for text in TEXT[:, 0]]
    return {"EMBEDDING": np.array(embedder(texts), dtype=np.float32)}


settings = ModelConfig(max_batch_size=32)
if given.max_batch_size:
    delay = int(given.max_delay_ms * 1000)
    settings = ModelConfig(max_batch_size=given.max_batch_size,
                           batcher=DynamicBatcher(max_queue_delay_microseconds=delay))
ports = TritonConfig(http_address="127.0.0.1", http_port=given.port, grpc_port=free_port(), metrics_port=free_port())
with Triton(config=ports) as triton:
    triton.bind(model_name="model", infer_func=run, inputs=[Tensor(name="TEXT", dtype=bytes, shape=(1,))],
                outputs=[Tensor(name="EMBEDDING", dtype=np.float32, shape=(-1,))], config=settings)
    triton.serve()
