#!/usr/bin/env python3
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Export the BERT encoder in a Hugging Face folder as a program for `model_options::program` or embed_server's --program.

    python3 export_encoder.py all-MiniLM-L6-v2 minilm.pt2                # AOTInductor, for this torch, device type and CPU
    python3 export_encoder.py all-MiniLM-L6-v2 minilm.pt                 # TorchScript, for any device
    python3 export_encoder.py all-MiniLM-L6-v2 minilm.pt2 --device cuda --dtype float16

Needs torch (tested with 2.11) and nothing of Hugging Face's; a .pt2 for the CPU also g++, one for CUDA also nvcc and triton. The program
takes ids and mask [texts, longest], int64, mask 1 for a token and 0 for padding behind it, and returns the embeddings
[texts, dimension], fp32, pooled and normalised as the folder says. Both sizes are dynamic. The tokeniser stays in the folder.
"""
import argparse
import json
import math
import pathlib
import sys



def lacks(fault):
    print(f"export_encoder.py: this Python's torch cannot export: {fault}", file=sys.stderr)
    sys.exit(3)


try:
    import torch
    from torch import nn
    from torch.nn import functional
except Exception as fault:  # of several types, as different things are missing
    lacks(fault)

ACTIVATIONS = {"gelu": "none", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh"}


def refuse_unless(fine, sentence):
    if not fine:
        sys.exit(f"export_encoder.py: {sentence}")


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        hidden, eps = config["hidden_size"], config["layer_norm_eps"]
        self.heads = config["num_attention_heads"]
        self.approximate = ACTIVATIONS[config["hidden_act"]]
        self.query_key_value = nn.Linear(hidden, 3 * hidden)
        self.attention_output = nn.Linear(hidden, hidden)
        self.attention_norm = nn.LayerNorm(hidden, eps)
        self.intermediate = nn.Linear(hidden, config["intermediate_size"])
        self.output = nn.Linear(config["intermediate_size"], hidden)
        self.output_norm = nn.LayerNorm(hidden, eps)

    def forward(self, hidden, mask):
        parts = self.query_key_value(hidden).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        context = functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], attn_mask=mask)
        attended = self.attention_norm(self.attention_output(context.transpose(1, 2).flatten(2)) + hidden)
        inner = functional.gelu(self.intermediate(attended), approximate=self.approximate)
        return self.output_norm(self.output(inner) + attended)


class Encoder(nn.Module):
    """BERT (Devlin et al., 2018) with sentence-transformers' pooling and normalisation."""

    def __init__(self, config, pooling, normalize):
        super().__init__()
        self.pooling, self.normalize = pooling, normalize
        self.words = nn.Embedding(config["vocab_size"], config["hidden_size"])
        self.positions = nn.Embedding(config["max_position_embeddings"], config["hidden_size"])
        self.embedding_norm = nn.LayerNorm(config["hidden_size"], config["layer_norm_eps"])
        self.layers = nn.ModuleList(Layer(config) for _ in range(config["num_hidden_layers"]))

    def forward(self, ids, mask):
        hidden = self.embedding_norm(self.words(ids) + self.positions.weight[: ids.size(1)])
        attended = mask.bool()[:, None, None, :]
        for layer in self.layers:
            hidden = layer(hidden, attended)
        if self.pooling == "cls":
            pooled = hidden[:, 0].float()
        else:
            weights = mask.unsqueeze(2).float()
            pooled = (hidden.float() * weights).sum(1) / weights.sum(1)
        return functional.normalize(pooled, dim=1) if self.normalize else pooled


def read_json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        sys.exit(f"export_encoder.py: {path} cannot be read: {fault}")


def read_safetensors(path):
    """Every floating-point tensor by name, in fp32."""
    types = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
    try:
        content = path.read_bytes()
    except OSError as fault:
        sys.exit(f"export_encoder.py: {path} cannot be read: {fault}")
    header_size = int.from_bytes(content[:8], "little")
    tensors = {}
    for name, entry in json.loads(content[8 : 8 + header_size]).items():
        if name == "__metadata__" or entry["dtype"] not in types:
            continue
        begin, end = (8 + header_size + offset for offset in entry["data_offsets"])
        flat = torch.frombuffer(bytearray(content[begin:end]), dtype=types[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"]).float()
    return tensors


def state_of(tensors, layers):
    """The checkpoint's tensors under the names of Encoder."""
    prefix = "bert." if "bert.embeddings.word_embeddings.weight" in tensors else ""

    def find(name):
        # Checkpoints converted from TensorFlow call LayerNorm's parameters gamma and beta.
        old = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        found = tensors.get(prefix + name, tensors.get(prefix + old))
        refuse_unless(found is not None, f'model.safetensors has no tensor "{prefix + name}"')
        return found

    state = {"words.weight": find("embeddings.word_embeddings.weight")}
    # Texts are single segments: all tokens are of type 0.
    state["positions.weight"] = find("embeddings.position_embeddings.weight") + find("embeddings.token_type_embeddings.weight")[0]
    names = {"attention_output": "attention.output.dense", "attention_norm": "attention.output.LayerNorm",
             "intermediate": "intermediate.dense", "output": "output.dense", "output_norm": "output.LayerNorm"}
    for kind in ("weight", "bias"):
        state[f"embedding_norm.{kind}"] = find(f"embeddings.LayerNorm.{kind}")
        for index in range(layers):
            layer = f"encoder.layer.{index}."
            projections = [find(f"{layer}attention.self.{part}.{kind}") for part in ("query", "key", "value")]
            state[f"layers.{index}.query_key_value.{kind}"] = torch.cat(projections)
            for ours, theirs in names.items():
                state[f"layers.{index}.{ours}.{kind}"] = find(f"{layer}{theirs}.{kind}")
    return state


def read_pooling(folder):
    """(mean or cls, whether to normalise), from modules.json and the pooling's own config.json."""
    pooling, normalize = None, False
    if not (folder / "modules.json").exists():
        return "mean", normalize
    for module in read_json(folder / "modules.json"):
        kind = module["type"].rsplit(".", 1)[-1]
        refuse_unless(kind in ("Transformer", "Pooling", "Normalize"), f'modules.json has a module of type "{kind}"')
        if kind == "Normalize":
            normalize = True
        elif kind == "Pooling":
            settings = read_json(folder / module["path"] / "config.json")
            modes = [name.removeprefix("pooling_mode_") for name, on in settings.items() if name.startswith("pooling_mode_") and on is True]
            mode = "+".join([settings["pooling_mode"]] if "pooling_mode" in settings else modes)
            refuse_unless(mode in ("mean", "mean_tokens", "cls", "cls_token"), f'the pooling mode is "{mode}"; mean and cls can be exported')
            pooling = mode.removesuffix("_tokens").removesuffix("_token")
    refuse_unless(pooling, "modules.json names no Pooling, so the model makes no embeddings of texts")
    return pooling, normalize


def load_encoder(folder):
    config = read_json(folder / "config.json")
    refuse_unless(config.get("model_type") == "bert", f'{folder} holds a model of type "{config.get("model_type")}"; only bert can be exported')
    refuse_unless(config.get("position_embedding_type", "absolute") == "absolute", "only absolute positions can be exported")
    refuse_unless(config["hidden_act"] in ACTIVATIONS, f'hidden_act is "{config["hidden_act"]}"; it can be {", ".join(ACTIVATIONS)}')
    encoder = Encoder(config, *read_pooling(folder))
    encoder.load_state_dict(state_of(read_safetensors(folder / "model.safetensors"), config["num_hidden_layers"]))
    return encoder.eval(), config["max_position_embeddings"]


def export_aoti(encoder, example, longest, path):
    texts, length = torch.export.Dim("texts", min=1, max=65536), torch.export.Dim("length", min=1, max=longest)
    sizes = {0: texts, 1: length}
    exported = torch.export.export(encoder, example, dynamic_shapes=(sizes, sizes), strict=False)
    settings = {
        "cpp.dynamic_threads": True,  # as many threads as the lane has, not as the exporting machine
        "aot_inductor.metadata": {"torch": torch.__version__.split("+")[0], "max_tokens": str(longest)},
    }
    # Who runs the package has libtorch loaded, so that need not be looked for, nor its CUDA part be there on a CPU.
    if example[0].device.type == "cpu" and hasattr(torch._inductor.config.aot_inductor, "link_libtorch"):
        settings["aot_inductor.link_libtorch"] = False
    torch._inductor.aoti_compile_and_package(exported, package_path=str(path), inductor_configs=settings)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="Hugging Face folder with config.json and model.safetensors")
    parser.add_argument("out", type=pathlib.Path, help="file to write: NAME.pt2 (AOTInductor) or NAME.pt (TorchScript)")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"], help="device type to compile a .pt2 for")
    parser.add_argument("--dtype", default="float32", choices=["float32", "float16", "bfloat16"], help="what to compute in")
    asked = parser.parse_args()
    refuse_unless(asked.out.suffix in (".pt2", ".pt"), f"{asked.out} must end in .pt2 or .pt")
    refuse_unless(asked.out.parent.is_dir(), f"there is no folder {asked.out.parent} for {asked.out.name}")
    refuse_unless(asked.device == "cpu" or torch.cuda.is_available(), "there is no CUDA device to compile for")

    try:
        encoder, longest = load_encoder(asked.folder)
    except (LookupError, RuntimeError, TypeError, ValueError) as fault:  # files that are damaged or do not fit each other
        sys.exit(f"export_encoder.py: {asked.folder} holds no encoder that can be read: {type(fault).__name__}: {fault}")
    encoder.to(asked.device, getattr(torch, asked.dtype))
    mask = torch.ones(3, min(7, longest), dtype=torch.int64, device=asked.device)
    mask[1, 5:] = 0
    example = (mask.clone(), mask)  # which ids does not matter
    with torch.no_grad():
        if asked.out.suffix == ".pt2":
            export_aoti(encoder, example, longest, asked.out)
        else:
            torch.jit.save(torch.jit.freeze(torch.jit.trace(encoder, example)), str(asked.out))
    print(f"wrote {asked.out}, {asked.out.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as fault:
        lacks(fault)
