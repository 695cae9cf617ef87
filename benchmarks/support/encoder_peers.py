# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""The other side of bench_encoder: what else runs this model in Python, on one thread, told over stdin what to do.

Arguments: the model folder, a file with one text per line, one with its token ids per line, and a file for embeddings.
The first line of output is the peers' names with "|" between them; on standard error a sentence says which is missing and
why. For "run NAME" the peer encodes all texts once and the answer is "WALL_SECONDS CPU_SECONDS"; for "write NAME" it writes
the embeddings of all texts as little-endian floats, in the texts' order, and the answer is "written".

Each peer has its favour: all texts beforehand, sorted by length, in batches of 32, and its own means of optimisation.
"""
import json
import logging
import os
import sys
import tempfile
import time
import warnings

os.environ.update(OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
answers = os.fdopen(os.dup(1), "w")  # libraries may print what they like, elsewhere
os.dup2(2, 1)
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import numpy  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

FOLDER, TEXTS_FILE, IDS_FILE, EMBEDDINGS_FILE = sys.argv[1:5]
BATCH = 32
torch.set_num_threads(1)


class Embedder(torch.nn.Module):
    """BertModel with sentence-transformers' mean pooling and normalisation."""

    def __init__(self, attention):
        super().__init__()
        self.bert = transformers.BertModel.from_pretrained(FOLDER, add_pooling_layer=False, attn_implementation=attention)

    def forward(self, input_ids, attention_mask):
        hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask.unsqueeze(2).float()
        return torch.nn.functional.normalize((hidden * weights).sum(1) / weights.sum(1), dim=1)


def padded(batch):
    longest = max(len(ids) for ids in batch)
    ids = numpy.array([text + [0] * (longest - len(text)) for text in batch], dtype=numpy.int64)
    mask = numpy.array([[1] * len(text) + [0] * (longest - len(text)) for text in batch], dtype=numpy.int64)
    return ids, mask


def in_sorted_batches(encode):
    """encode takes ids and mask, and returns one embedding per row."""

    def run(texts, ids):
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        result = [None] * len(ids)
        for first in range(0, len(order), BATCH):
            batch = order[first : first + BATCH]
            for i, row in zip(batch, encode(*padded([ids[i] for i in batch]))):
                result[i] = row
        return numpy.stack(result)

    return run


def with_torch(module):
    @torch.inference_mode()
    def encode(ids, mask):
        return module(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()

    return in_sorted_batches(encode)


def make_transformers():
    return f"transformers {transformers.__version__}", with_torch(Embedder("sdpa").eval())


def make_compiled():
    import torch._inductor.config

    torch._inductor.config.freezing = True  # weights become constants, prepared for oneDNN
    return f"torch.compile {torch.__version__}", with_torch(torch.compile(Embedder("sdpa").eval(), dynamic=True))


def make_sentence_transformers():
    import sentence_transformers

    model = sentence_transformers.SentenceTransformer(FOLDER, device="cpu")

    def run(texts, ids):
        return model.encode(texts, batch_size=BATCH, show_progress_bar=False)

    return f"sentence-transformers {sentence_transformers.__version__}, from text", run


def export_onnx(path):
    ids, mask = padded([[101, 2054, 102], [101, 102]])
    names = ["input_ids", "attention_mask"]
    torch.onnx.export(
        Embedder("eager").eval(), (torch.from_numpy(ids), torch.from_numpy(mask)), path, dynamo=False, opset_version=17,
        input_names=names, output_names=["embeddings"], dynamic_axes={name: {0: "batch", 1: "length"} for name in names})


def with_onnx(path):
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    return in_sorted_batches(lambda ids, mask: session.run(None, {"input_ids": ids, "attention_mask": mask})[0])


def make_onnxruntime():
    import onnxruntime
    from onnxruntime.transformers import optimizer

    exported, fused = os.path.join(scratch.name, "model.onnx"), os.path.join(scratch.name, "fused.onnx")
    export_onnx(exported)
    config = json.load(open(os.path.join(FOLDER, "config.json"), encoding="utf-8"))
    heads, hidden = config["num_attention_heads"], config["hidden_size"]
    optimizer.optimize_model(exported, model_type="bert", num_heads=heads, hidden_size=hidden).save_model_to_file(fused)
    return f"onnxruntime {onnxruntime.__version__}", with_onnx(fused)


def make_onnxruntime_int8():
    import onnx
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantized = os.path.join(scratch.name, "int8.onnx")
    quantize_dynamic(os.path.join(scratch.name, "fused.onnx"), quantized, per_channel=True, weight_type=QuantType.QInt8,
                     reduce_range=True, extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT})
    return f"onnxruntime {onnxruntime.__version__}, int8", with_onnx(quantized)


scratch = tempfile.TemporaryDirectory()
with open(TEXTS_FILE, encoding="utf-8") as file:
    TEXTS = file.read().split("\n")[:-1]
with open(IDS_FILE, encoding="ascii") as file:
    IDS = [[int(word) for word in line.split()] for line in file]
peers = {}
for make in (make_transformers, make_sentence_transformers, make_compiled, make_onnxruntime, make_onnxruntime_int8):
    try:
        name, run = make()
        run(TEXTS[:40], IDS[:40])
        peers[name] = run
    except Exception as fault:  # whatever it is, the others can do without this one
        reason = (str(fault).splitlines() or [""])[0]
        print(f"{make.__name__[5:]} is left out: {type(fault).__name__}: {reason}", file=sys.stderr)

print("|".join(peers), file=answers, flush=True)
for line in sys.stdin:
    command, name = line.rstrip("\n").split(" ", 1)
    wall, cpu = time.perf_counter(), time.process_time()
    vectors = peers[name](TEXTS, IDS)
    if command == "write":
        vectors.astype("<f4").tofile(EMBEDDINGS_FILE)
        print("written", file=answers, flush=True)
    else:
        print(time.perf_counter() - wall, time.process_time() - cpu, file=answers, flush=True)
