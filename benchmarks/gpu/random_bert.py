#!/usr/bin/env python3
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Writes a folder with a model of BERT-base's shape and random weights in fp16, always the same: how fast it is does not depend on what
it has learnt, and it need not be carried to where it is measured. The tokeniser is that of the model in LIKE. --toy: a tiny one.

    random_bert.py [--toy] FOLDER LIKE
"""

import ctypes
import json
import math
import shutil
import struct
import sys
from pathlib import Path

import torch

toy = "--toy" in sys.argv
folder, like = (Path(each) for each in sys.argv[1:] if each != "--toy")
config = json.loads((like / "config.json").read_text(encoding="utf-8"))
config.update(
    dict(hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4)
    if toy
    else dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)
)
hidden, inner = config["hidden_size"], config["intermediate_size"]
random = torch.Generator().manual_seed(1)
weights = {}


def add(name, *shape):
    weights[name] = (torch.randn(shape, generator=random) * 0.02).to(torch.float16)


def add_norm(name):
    add(f"{name}.bias", hidden)
    add(f"{name}.weight", hidden)
    weights[f"{name}.weight"] += 1


def add_linear(name, columns, depth):
    add(f"{name}.weight", columns, depth)
    add(f"{name}.bias", columns)


add("embeddings.word_embeddings.weight", config["vocab_size"], hidden)
add("embeddings.position_embeddings.weight", config["max_position_embeddings"], hidden)
add("embeddings.token_type_embeddings.weight", config["type_vocab_size"], hidden)
add_norm("embeddings.LayerNorm")
for number in range(config["num_hidden_layers"]):
    layer = f"encoder.layer.{number}."
    for part in ("query", "key", "value"):
        add_linear(f"{layer}attention.self.{part}", hidden, hidden)
    add_linear(f"{layer}attention.output.dense", hidden, hidden)
    add_norm(f"{layer}attention.output.LayerNorm")
    add_linear(f"{layer}intermediate.dense", inner, hidden)
    add_linear(f"{layer}output.dense", hidden, inner)
    add_norm(f"{layer}output.LayerNorm")

folder.mkdir(parents=True, exist_ok=True)
header, end = {}, 0
for name, tensor in weights.items():
    begin, end = end, end + tensor.numel() * 2
    header[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": [begin, end]}
text = json.dumps(header).encode()
text += b" " * (math.ceil(len(text) / 8) * 8 - len(text))
with open(folder / "model.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text)
    for tensor in weights.values():
        file.write(ctypes.string_at(tensor.data_ptr(), tensor.numel() * 2))

(folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
settings = {"max_seq_length": config["max_position_embeddings"], "do_lower_case": False}
(folder / "sentence_bert_config.json").write_text(json.dumps(settings), encoding="utf-8")
for name in ("vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "modules.json"):
    if (like / name).exists():
        shutil.copy(like / name, folder / name)
pooling = json.loads((like / "1_Pooling/config.json").read_text(encoding="utf-8"))
pooling["word_embedding_dimension"] = hidden
(folder / "1_Pooling").mkdir(exist_ok=True)
(folder / "1_Pooling/config.json").write_text(json.dumps(pooling), encoding="utf-8")
