# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""What all of these servers have in common: the model, and their options."""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True, help="a folder as Hugging Face has them")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--max-batch-size", type=int)
    parser.add_argument("--max-delay-ms", type=float)
    return parser.parse_args()


class Embedder:
    """Texts to vectors with sentence-transformers, in fp32, on one thread."""

    def __init__(self, folder):
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(1)
        self._model = SentenceTransformer(folder, device="cpu")

    def __call__(self, texts):
        return self._model.encode(texts, batch_size=max(len(texts), 1), normalize_embeddings=True).tolist()
