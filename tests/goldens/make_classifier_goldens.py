#!/usr/bin/env python3
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Write classifier/: three tiny models with random weights, what Hugging Face answers with them, and how it cuts pairs.

    pip install transformers sentence-transformers
    python make_classifier_goldens.py <folder of all-MiniLM-L6-v2>

classifier/topics     BertForSequenceClassification, three labels of which one is right, as transformers saves it
classifier/tags       the same, with labels that do not exclude each other
classifier/reranker   a cross-encoder with one label, as sentence-transformers saves it
classifier/MODEL/answers.json    logits and scores, in fp32, of single texts and of pairs, each run alone: those of transformers' pipeline
                      for text classification, or of sentence-transformers' CrossEncoder
classifier/pairs.json            token ids and types of pairs, with the vocabulary of all-MiniLM-L6-v2
classifier/longest_first.json    [max_tokens, pieces of the first text, of the second, kept of the first, of the second]
"""
import json
import pathlib
import random
import shutil
import sys

import sentence_transformers
import tokenizers
import torch
import transformers

FOLDER = pathlib.Path(__file__).resolve().parent / "classifier"
WORDS = """share the ride car pool bus train late early full empty street bridge river baker bread morning snow winter work
day minute wait together queue engine red green blue fast slow who when how many people drive to a in on is and or not ? . , ! ##s ##ing ##er ##ed
un ##full""".split()
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + list(dict.fromkeys(WORDS))
MAX_TOKENS = 24

TEXTS = [
    "share", "Share the ride!", "the car is late", "how many people share a car ?", "unknown words here", "bus, train or car?",
    "waiting together is cheap", "the baker waits in the morning and drives to work", "red green blue", "not . not ! not ?",
    "the queue is full and the street is empty and the river is slow and the train is late and the bus is early and so on",
]
PAIRS = [
    ("who is late ?", "the train is late"), ("who is late ?", "the bus is early."), ("the train is late", "who is late ?"), ("red", "blue"),
    ("", "the ride"), ("how many people share a car?", ""), ("a car", "a car"),
    ("how many people drive to work ?", "the queue is full and the street is empty and the river is slow and the train is late"),
    ("the queue is full and the street is empty and the river is slow and the train is late", "who ?"),
    ("the queue is full and the street is empty and the river is slow", "snow in winter and bread in the morning and people waiting together"),
    ("snow in winter and bread in the morning and people waiting together", "the queue is full and the street is empty and the river is slow"),
]
REAL_PAIRS = [
    ("How many people live in Berlin?", "Berlin had a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers."),
    ("Berlin had a population of 3,520,031 registered inhabitants.", "How many people live in Berlin?"), ("a", "b"), ("", "b"), ("a", ""), ("", ""),
    ("naïve café", "四个人坐一辆车去上班。"), ("one two three", "four five six"), ("ONE two three", "four five six seven"), ("🚗", "\u200b"),
    ("antidisestablishmentarianism", "pneumonoultramicroscopicsilicovolcanoconiosis"),
]


def random_weights(model, seed):
    """Wide enough that every part of the model shows in the answer; rounded to fp16, in which they are stored."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        mean, deviation = (1, 0.2) if name.endswith("LayerNorm.weight") else (0, 0.6 if "embeddings" in name else 0.15)
        parameter.data = mean + deviation * torch.randn(parameter.shape, generator=generator)


def save_model(name, seed, **settings):
    config = transformers.BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        max_position_embeddings=MAX_TOKENS + 4, **settings)
    model = transformers.BertForSequenceClassification(config).eval()
    random_weights(model, seed)
    tokenizer = transformers.BertTokenizer(vocab={token: i for i, token in enumerate(VOCABULARY)}, model_max_length=MAX_TOKENS)
    model.half().save_pretrained(FOLDER / name)
    tokenizer.save_pretrained(FOLDER / name)


def item(text, second, logits, scores):
    texts = {"text": text} if second is None else {"text": text, "second": second}
    return texts | {"logits": logits, "scores": scores}


def write_json(path, rows):
    path.write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n", encoding="utf-8")


def pipeline_answers(name):
    model = transformers.AutoModelForSequenceClassification.from_pretrained(FOLDER / name, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(FOLDER / name)
    classify = transformers.pipeline("text-classification", model=model, tokenizer=tokenizer, top_k=None, device="cpu")

    def answer(text, second=None):
        encoded = tokenizer(text, second, truncation=True, return_tensors="pt")
        logits = model(**encoded).logits[0].tolist()
        found = classify({"text": text} if second is None else {"text": text, "text_pair": second}, truncation=True)
        by_label = {one["label"]: one["score"] for one in found}
        return item(text, second, logits, [by_label[model.config.id2label[i]] for i in range(len(logits))])

    # transformers takes an empty second text for none.
    write_json(FOLDER / name / "answers.json", [answer(text) for text in TEXTS] + [answer(*pair) for pair in PAIRS if pair[1]])


def cross_encoder_answers(name):
    raw = torch.nn.Identity()
    folder = str(FOLDER / name)
    sentence_transformers.CrossEncoder(folder, device="cpu", model_kwargs={"dtype": torch.float16}).save_pretrained(folder, create_model_card=False)
    model = sentence_transformers.CrossEncoder(folder, device="cpu", model_kwargs={"dtype": torch.float32})
    write_json(FOLDER / name / "answers.json", [
        item(*pair, [float(model.predict(pair, activation_fn=raw))], [float(model.predict(pair))]) for pair in PAIRS])


def pair_tokens(minilm):
    tokenizer = tokenizers.Tokenizer.from_file(str(pathlib.Path(minilm) / "tokenizer.json"))
    tokenizer.no_padding()
    rows = []
    for first, second in REAL_PAIRS:
        for max_tokens in [3, 4, 7, 8, 12, 13, 512]:
            tokenizer.enable_truncation(max_tokens, strategy="longest_first")
            encoding = tokenizer.encode(first, second)
            rows.append({"max_tokens": max_tokens, "first": first, "second": second, "ids": encoding.ids, "types": encoding.type_ids})
    write_json(FOLDER / "pairs.json", rows)


def cuts(minilm):
    tokenizer = tokenizers.Tokenizer.from_file(str(pathlib.Path(minilm) / "tokenizer.json"))
    tokenizer.no_padding()
    rows = []
    for max_tokens in range(3, 14):
        tokenizer.enable_truncation(max_tokens, strategy="longest_first")
        for first in range(13):
            for second in range(13):
                types = tokenizer.encode("a " * first, "b " * second).type_ids
                rows.append([max_tokens, first, second, types.count(0) - 2, types.count(1) - 1])
    write_json(FOLDER / "longest_first.json", rows)


@torch.no_grad()
def main(minilm):
    torch.set_num_threads(1)
    shutil.rmtree(FOLDER, ignore_errors=True)
    names = ["traffic", "food", "weather"]
    labels = {"id2label": dict(enumerate(names)), "label2id": {name: i for i, name in enumerate(names)}}
    save_model("topics", 1, **labels)
    save_model("tags", 2, problem_type="multi_label_classification", **labels)
    save_model("reranker", 3, num_labels=1)
    pipeline_answers("topics")
    pipeline_answers("tags")
    cross_encoder_answers("reranker")
    pair_tokens(minilm)
    cuts(minilm)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
