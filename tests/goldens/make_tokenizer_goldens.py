#!/usr/bin/env python3
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Writes tokenizer/: what Hugging Face's `tokenizers` makes of a generated corpus that tries every corner of Unicode.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3
    venv/bin/python tests/goldens/make_tokenizer_goldens.py FOLDER_OF_ALL_MINILM_L6_V2

tokenizer/examples.json   for people: some texts with their ids in the vocabulary of all-MiniLM-L6-v2.
tokenizer/places.json     where in each of some texts its tokens come from, in bytes of UTF-8
tokenizer/decoded.json    some lists of ids and their texts, with special tokens and without
tokenizer/corpus.tar.xz   for machines:
    lines.bin, specials.bin   texts, each as a 32-bit length in bytes and its UTF-8; specials.bin has literal special tokens
    words.txt                 the words of the synthetic vocabulary, one per line; see `vocabulary`
    TEXTS.SETTING.hashes      one 32-bit FNV-1a of the ids (each as 32 bits) per text; all numbers little-endian
TEXTS is lines, specials, specials_parsed or `sweep`, whose texts are made by the rule of `sweep` and not stored.
SETTING is one of SETTINGS with the synthetic vocabulary, or minilm.
"""
import io
import json
import os
import pathlib
import random
import struct
import sys
import tarfile

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors  # noqa: E402

FOLDER = pathlib.Path(__file__).parent / "tokenizer"
SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SETTINGS = {
    "uncased": dict(lowercase=True, strip_accents=None, handle_chinese_chars=True),
    "cased": dict(lowercase=False, strip_accents=None, handle_chinese_chars=True),
    "uncased_accents_kept": dict(lowercase=True, strip_accents=False, handle_chinese_chars=True),
    "cased_accents_stripped": dict(lowercase=False, strip_accents=True, handle_chinese_chars=True),
    "uncased_chinese_joined": dict(lowercase=True, strip_accents=None, handle_chinese_chars=False),
}

rng = random.Random(20240229)


def is_scalar(c):
    return c < 0xD800 or 0xE000 <= c < 0x110000


def chars(first, last):
    return [chr(c) for c in range(first, last + 1)]


SPACES = [chr(c) for c in [9, 10, 11, 12, 13, 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]]
CONTROLS = chars(0, 0x20) + chars(0x7F, 0xA0) + [chr(c) for c in [
    0xAD, 0x600, 0x605, 0x61C, 0x6DD, 0x70F, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070),
    0xFEFF, *range(0xFFF9, 0xFFFE), 0xE000, 0xF8FF, 0x110BD, 0x1BCA0, 0x1D173, 0xE0001, 0xE0020, 0xE007F, 0xF0000, 0x10FFFD]]
MARKS = chars(0x300, 0x36F) + chars(0x483, 0x489) + chars(0x591, 0x5C7) + chars(0x610, 0x61A) + chars(0x64B, 0x65F) + [
    chr(c) for c in [0x93C, 0x941, 0x94D, 0x981, 0x9BC, 0xE31, 0xE38, 0xF71, 0xF72, 0x1037, 0x20D0, 0x20E0, 0xFE0E, 0xFE0F, 0xFE20, 0xE0100]]
# Combining classes other than 0 that survive the removal of accents: their order is canonical ordering's.
ORDERED = chars(0x8D4, 0x8E1) + chars(0x1D165, 0x1D166) + chars(0x1D16D, 0x1D172) + chars(0x1E000, 0x1E006) + [
    chr(c) for c in [0x1B44, 0x1BAA, 0x1BF2, 0x1DFB, 0x302E, 0x302F, 0xA953, 0xA9C0, 0x111C0, 0x11235, 0x1134D, 0x11442, 0x11446,
                     0x116B6, 0x11C3F, 0x1E944, 0x1E94A]]
DECOMPOSING = chars(0xC0, 0x17F) + chars(0x1E00, 0x1FFE) + chars(0x9CB, 0x9CC) + chars(0x1B06, 0x1B12) + chars(0x1D15E, 0x1D164) + [
    chr(c) for c in [0x130, 0x131, 0x37E, 0x387, 0x1E9E, 0x212A, 0x212B, 0x2260, 0x226E, 0x2ADC, 0xFB1D, 0x1D1BB, 0x1D1C0]]
CHINESE = chars(0x33F0, 0x3410) + chars(0x4DB0, 0x4E20) + chars(0x9FE0, 0xA000) + chars(0xF900, 0xFA20) + chars(0xFAD0, 0xFB00) + [
    chr(c) for c in [0x20000, 0x2A6DF, 0x2A6E0, 0x2A700, 0x2B73F, 0x2B740, 0x2B81F, 0x2B820, 0x2B91F, 0x2B920, 0x2CEAF, 0x2CEB0,
                     0x2F800, 0x2FA1D, 0x2FA1F, 0x30000]]
EMOJI = chars(0x1F300, 0x1F320) + chars(0x1F466, 0x1F480) + chars(0x1F600, 0x1F640) + chars(0x1F680, 0x1F6A0) + ["❤", "♀", "♂", "⚕", "✈"]
TONES, FLAGS, JOINER, VARIATION = chars(0x1F3FB, 0x1F3FF), chars(0x1F1E6, 0x1F1FF), "\u200d", "\ufe0f"
PUNCTUATION = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡§«¶·»¿‐–—‘’“”„…‰′※⁂、。「」〜・،؛؟।॥፡᙮᠁⸮﹐！＃（）") + ["\u30fb", "\ua9c1", "\U00010100", "\U0001e95e"]


def some(count, alphabet):
    return "".join(rng.choice(alphabet) for _ in range(count))


def anything():
    """Any scalar values at all, most of them unassigned."""
    result = ""
    while len(result) < 8:
        c = rng.randrange(0x110000)
        result += chr(c) if is_scalar(c) else ""
    return result


def one_script():
    """Words of one block of 128 code points in the planes that have scripts, assigned or not."""
    block = rng.choice([b for b in range(0, 0x20000, 128) if is_scalar(b) and not 0xE000 <= b < 0xF900])
    letters = chars(block, block + 127)
    return " ".join(some(rng.randint(1, 6), letters) for _ in range(3))


def marks():
    base = list("aeinoABC") + DECOMPOSING
    return "".join(rng.choice(base) + some(rng.randint(0, 4), rng.choice([MARKS, ORDERED, MARKS + ORDERED])) for _ in range(4))


def controls():
    return "".join(some(rng.randint(0, 3), "abCD") + rng.choice([rng.choice(CONTROLS), rng.choice(SPACES)]) for _ in range(8))


def chinese():
    hangul = chars(0xAC00 + rng.randrange(11000), 0xAC00 + 11171)[:40]
    kana = chars(0x3041, 0x30FF)
    alphabets = [CHINESE, CHINESE, hangul, kana, list("aB1 "), MARKS[:20]]
    return "".join(some(rng.randint(1, 3), rng.choice(alphabets)) for _ in range(6))


def emoji():
    def sequence():
        parts = [rng.choice(EMOJI) + rng.choice(["", VARIATION, rng.choice(TONES)]) for _ in range(rng.randint(1, 4))]
        return rng.choice([JOINER.join(parts), some(2, FLAGS), "1" + VARIATION + "\u20e3", "🏴" + "".join(chr(0xE0000 + ord(x)) for x in "gbeng\x7f")])
    return "".join(sequence() + rng.choice(["", " ", "!"]) for _ in range(3))


def sentence(words):
    def word():
        text = rng.choice(words)
        text = rng.choice([str, str, str, str.upper, str.title])(text)
        return text + rng.choice(["", "", "", "", rng.choice(PUNCTUATION)])
    return " ".join(word() for _ in range(rng.randint(1, 9)))


def glued(words):
    """Words run together, which tries the greedy longest match."""
    return " ".join("".join(rng.choice(words) for _ in range(rng.randint(2, 5))) for _ in range(2))


def latin():
    return "".join(rng.choice(DECOMPOSING + list("aAbBcC  -'")) for _ in range(12))


def near_the_word_limit():
    """Words of about 100 characters, before or after normalisation, with what changes the count mixed in."""
    unit = rng.choice(["a", "ab", "é", "e\u0301", "日", "각", "ß", "𝔸", "\U0001d15e", "\u09cb", "\u1b44\u0323", "x\u200b"])
    count = rng.randint(97, 104) // rng.choice([1, len(unit)])
    return unit * count + rng.choice(["", "b", MARKS[0], " end"])


def ten_thousand():
    kind = rng.choice([anything, one_script, marks, controls, chinese, emoji, latin])
    pattern = "".join(kind() for _ in range(40))
    return (pattern * (10000 // len(pattern) + 1))[:10000]


def with_special_tokens():
    literal = SPECIAL_TOKENS + [" [SEP] ", "[cls]", "[Sep]", "[[SEP]]", "[", "]", "[SEP", "SEP]", "[ SEP ]", "[SE\u200bP]", "[ＳＥＰ]", "##s"]
    return "".join(rng.choice([rng.choice(literal), rng.choice(["a", "é", " ", "the", "\u0301", "日", "##", ""])]) for _ in range(rng.randint(1, 8)))


def make_lines(words):
    kinds = [(6000, anything), (13000, one_script), (7000, marks), (4000, controls), (5000, chinese), (3000, emoji),
             (5000, lambda: sentence(words)), (3000, lambda: glued(words)), (4000, latin), (1500, near_the_word_limit), (40, ten_thousand)]
    return [""] + [kind() for count, kind in kinds for _ in range(count)]


def sweep():
    """Every scalar value between two letters, 32 to a text."""
    return ["".join(f"a{chr(c)}b " for c in range(block, block + 32) if is_scalar(c)) for block in range(0, 0x110000, 32)]


def vocabulary(words):
    """Special tokens, characters with and without ##, then words. A character tells how its text was normalised."""
    def is_single(c):
        is_bulk = 0x3400 <= c < 0xA000 or 0xAC00 <= c < 0xFB00 or 0x17000 <= c < 0x18D00 or c >= 0x20000
        return is_scalar(c) and (not is_bulk or c % 16 == 0)
    singles = [chr(c) for c in range(0x30000) if is_single(c)]
    return SPECIAL_TOKENS + [token for x in singles for token in (x, "##" + x)] + words


def synthetic_words(real):
    """Words with prefixes, suffixes and ## forms of one another; also pieces of scripts other than Latin."""
    texts = rng.sample(real, 2500) + [one_script().replace(" ", "") for _ in range(1500)] + [latin().replace(" ", "") for _ in range(1000)]
    result = {}
    for text in texts:
        for lowered in (text, text.lower()):
            cut = rng.randint(1, max(1, len(lowered) - 1))
            result.update(dict.fromkeys([lowered, lowered[:cut], "##" + lowered[cut:]]))
    return [w for w in result if len(w.removeprefix("##")) > 1 and not any(x in "\n\r" for x in w)]


def synthetic_tokenizer(tokens, setting):
    tokenizer = Tokenizer(models.WordPiece({t: i for i, t in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(clean_text=True, **SETTINGS[setting])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return tokenizer


def fnv1a(ids):
    result = 0x811C9DC5
    for byte in struct.pack(f"<{len(ids)}I", *ids):
        result = (result ^ byte) * 0x01000193 & 0xFFFFFFFF
    return result


def hashes(tokenizer, texts):
    return struct.pack(f"<{len(texts)}I", *(fnv1a(tokenizer.encode(text).ids) for text in texts))


def records(texts):
    return b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)


def columns(name, plain, with_tokens, texts):
    """`plain` knows no special tokens at all: that is what as_text must equal. `with_tokens` matches them in the text."""
    yield f"lines.{name}.hashes", hashes(plain, texts["lines"])
    yield f"sweep.{name}.hashes", hashes(plain, texts["sweep"])
    yield f"specials.{name}.hashes", hashes(plain, texts["specials"])
    yield f"specials_parsed.{name}.hashes", hashes(with_tokens, texts["specials"])
    with_tokens.encode_special_tokens = True  # the library's own switch must agree
    assert hashes(with_tokens, texts["specials"]) == hashes(plain, texts["specials"])


def minilm(folder, with_added_tokens=True):
    description = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    description.update(padding=None, truncation=None)
    if not with_added_tokens:
        description["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(description))


EXAMPLES = [
    "", " ", "hello", "Hello, World!", "unaffable", "Embeddings of sentences", "naïve café", "e\u0301 = é", "ÄÖÜß", "İstanbul",
    "Straße", "ΟΔΟΣ", "don't", "a.b@c-d_e", "3.14", "$5 §7 №9", "zero\u200bwidth", "tab\tnew\nline", "vertical\x0btab", "nul\x00byte",
    "\ufeffbom", "\ufffd", "日本語テキスト", "東京 Tokyo", "한국어", "नमस्ते", "السلام", "👩‍👩‍👧‍👦 family", "🇩🇪 ❤️ 1️⃣", "[CLS] injected [SEP]", "[MASK]ed",
    "a" * 100, "a" * 101, "supercalifragilisticexpialidocious", "\u0301", "\U0010ffff", "𝓯𝓪𝓷𝓬𝔂"]


def examples(tokenizer):
    plain, parsed = minilm(tokenizer, False), minilm(tokenizer)
    result = [{"text": text, "ids": plain.encode(text).ids} for text in EXAMPLES]
    result += [{"text": text, "special_tokens": "parse", "ids": parsed.encode(text).ids} for text in EXAMPLES if "[" in text]
    plain.enable_truncation(max_length=8)
    long_texts = ["one two three four five six", "one two three four five six seven", "supercalifragilisticexpialidocious", "word " * 1000]
    return result + [{"text": text, "max_tokens": 8, "ids": plain.encode(text).ids} for text in long_texts]


def places(tokenizer, texts):
    """Examples for people, and a sample of the corpus. Left out is canonical ordering, which moves marks past others that are
    removed: there the library's place of a token may begin or end with a mark of another one."""
    def in_bytes(text, place):
        return [len(text[:end].encode()) for end in place]
    chosen = EXAMPLES + [text for text in texts[::244] if len(text) < 200 and not set(text) & set(ORDERED)]
    result = []
    for text in chosen:
        found = tokenizer.encode(text)
        result.append({"text": text, "ids": found.ids, "places": [in_bytes(text, place) for place in found.offsets]})
    return result


def decoded(tokenizer):
    texts = ["hello", "Hello, World!", "unaffable", "don't", "it isn't, I'm sure; they've said we're late. Really ? No!", "a.b@c-d_e", "3.14",
             "do not", "日本語テキスト", "naïve café", "👩‍👩‍👧‍👦 family", "##ing", ""]
    lists = [tokenizer.encode(text).ids for text in texts] + [
        [], [101], [102, 0, 0], [2075, 2075], [101, 2075, 7592, 102], [103, 7592], [7592, 100, 2088], [1010, 2088], [1005, 1055], list(range(1000, 1040))]
    return [{"ids": ids, "text": tokenizer.decode(ids, skip_special_tokens=True), "whole": tokenizer.decode(ids, skip_special_tokens=False)}
            for ids in lists]


def write_json(name, values):
    lines = ",\n".join(json.dumps(value, ensure_ascii=True) for value in values)
    (FOLDER / name).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def write_archive(files):
    FOLDER.mkdir(exist_ok=True)
    with tarfile.open(FOLDER / "corpus.tar.xz", "w:xz", preset=9) as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def main(folder):
    real = [t for t in minilm(folder).get_vocab() if t.isalpha() and len(t) > 1]
    real.sort()
    words = synthetic_words(real)
    tokens = vocabulary(words)
    assert len(tokens) == len(set(tokens))
    texts = {"lines": make_lines(real + words), "sweep": sweep(), "specials": [with_special_tokens() for _ in range(2500)]}
    files = {"words.txt": "\n".join(words).encode(), "lines.bin": records(texts["lines"]), "specials.bin": records(texts["specials"])}
    for setting in SETTINGS:
        with_tokens = synthetic_tokenizer(tokens, setting)
        with_tokens.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL_TOKENS])
        files.update(columns(setting, synthetic_tokenizer(tokens, setting), with_tokens, texts))
    files.update(columns("minilm", minilm(folder, False), minilm(folder), texts))
    write_archive(files)
    write_json("examples.json", examples(folder))
    write_json("places.json", places(minilm(folder, False), texts["lines"]))
    write_json("decoded.json", decoded(minilm(folder)))
    print({name: len(part) for name, part in texts.items()}, {name: len(data) for name, data in files.items()})


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
