# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Lets real clients, unmodified, talk to the real server with the real model.

try_clients.py EMBED_SERVER GOLDENS MODEL: what they get must be what sentence-transformers computed (goldens/embeddings).
try_clients.py --at GOLDENS ADDRESS...: the same of servers, or of a cluster's gateways, that run already.
Needs requirements.txt; exits with 77, for ctest's "skipped", where that is not installed.
"""

import contextlib
import io
import json
import logging
import pathlib
import re
import sys
import tempfile

import embed_server

try:
    import huggingface_hub
    import langchain_openai
    import numpy
    import openai
    import tritonclient.http
    import tritonclient.utils
except ImportError as missing:
    print(f"skipped: {missing}; cmake/install-dependencies.sh tests installs the clients")
    sys.exit(77)

MODEL = "all-MiniLM-L6-v2"
TOLERANCE = 1e-5
README = pathlib.Path(__file__).parents[2] / "README.md"


def same(found, expected):
    found = numpy.asarray(found)
    assert found.shape == expected.shape, f"shape {found.shape} instead of {expected.shape}"
    worst = numpy.abs(found - expected).max()
    assert worst < TOLERANCE, f"differs by {worst}"


def refused(kind, ask):
    """The exception that the client makes of a refusal."""
    try:
        ask()
    except kind as refusal:
        return refusal
    raise AssertionError("was not refused")


def try_openai(address, texts, vectors):
    client = openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)
    answer = client.embeddings.create(model="any", input=texts)  # asks for base64
    same([item.embedding for item in answer.data], vectors)
    assert [item.index for item in answer.data] == list(range(len(texts)))
    assert answer.usage.prompt_tokens == answer.usage.total_tokens > len(texts)
    same([client.embeddings.create(model="any", input=texts[0], encoding_format="float").data[0].embedding], vectors[:1])
    short = client.embeddings.create(model="any", input=texts[0], dimensions=8).data[0].embedding
    same(short, vectors[0][:8] / numpy.linalg.norm(vectors[0][:8]))
    assert [model.id for model in client.models.list().data] == [MODEL]
    assert client.models.retrieve(MODEL).id == MODEL
    assert "nobody" in refused(openai.NotFoundError, lambda: client.models.retrieve("nobody")).body["message"]
    empty = refused(openai.BadRequestError, lambda: client.embeddings.create(model="any", input=["a", ""]))
    assert empty.body["message"] == "input[1] must not be empty" and empty.body["param"] == "input", empty.body
    ids = refused(openai.BadRequestError, lambda: client.embeddings.create(model="any", input=[[1, 2, 3]]))
    assert "check_embedding_ctx_length" in ids.body["message"], ids.body


def try_readme(address, texts, vectors):
    """The programs of README.md print something, unchanged but for the address."""
    programs = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert programs, "README.md has no Python"
    for program in programs:
        assert "http://127.0.0.1:8080" in program, program
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(program.replace("http://127.0.0.1:8080", address), {})
        assert len(json.loads(printed.getvalue())) == 4, printed.getvalue()


def try_langchain(address, texts, vectors):
    client = langchain_openai.OpenAIEmbeddings(
        base_url=f"{address}/v1", api_key="none", check_embedding_ctx_length=False)
    same(client.embed_documents(texts), vectors)
    same(client.embed_query(texts[0]), vectors[0])


def try_huggingface_hub(address, texts, vectors):
    client = huggingface_hub.InferenceClient(model=address)
    same(client.feature_extraction(texts[0]), vectors[:1])
    same(client.feature_extraction(texts, normalize=True, truncate=True), vectors)
    pooled = client.feature_extraction(texts, normalize=False)
    lengths = numpy.linalg.norm(pooled, axis=1, keepdims=True)
    assert (abs(lengths - 1) > 0.1).all(), lengths
    same(pooled / lengths, vectors)


def try_tritonclient(address, texts, vectors):
    client = tritonclient.http.InferenceServerClient(address.removeprefix("http://"))
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(MODEL)
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    assert client.get_model_metadata(MODEL)["outputs"][0]["shape"] == [-1, vectors.shape[1]]
    assert client.get_model_config(MODEL)["max_batch_size"] >= 1

    def infer(model, binary_input, output, **options):
        text = tritonclient.http.InferInput("TEXT", [len(texts), 1], "BYTES")
        text.set_data_from_numpy(numpy.array([[t] for t in texts], dtype=object), binary_data=binary_input)
        return client.infer(model, [text], outputs=output, **options)

    for binary_input in (True, False):
        for binary_output in (True, False):
            output = [tritonclient.http.InferRequestedOutput("EMBEDDING", binary_data=binary_output)]
            for compression in (None, "gzip", "deflate"):
                answer = infer(MODEL, binary_input, output, request_id="7", priority=1, timeout=60_000_000,
                               request_compression_algorithm=compression)
                same(answer.as_numpy("EMBEDDING"), vectors)
                assert answer.get_response()["id"] == "7"
    same(infer(MODEL, True, None).as_numpy("EMBEDDING"), vectors)
    unknown = refused(tritonclient.utils.InferenceServerException, lambda: infer("nobody", True, None))
    assert "nobody" in unknown.message(), unknown
    assert client.get_inference_statistics(MODEL)["model_stats"][0]["inference_count"] >= 13 * len(texts)


def try_repository(program, model, texts, vectors):
    """Models come and go while tritonclient looks on."""
    with tempfile.TemporaryDirectory() as folder:
        keys = pathlib.Path(folder) / "keys"
        keys.write_text("root root-0123456789abc admin\nuser user-0123456789abc\n")
        root, user = ({"x-api-key": f"{name}-0123456789abc"} for name in ("root", "user"))
        with embed_server.running(program, "--api-keys", str(keys), "--model", f"first={model}") as address:
            client = tritonclient.http.InferenceServerClient(address.removeprefix("http://"))
            states = lambda: {each["name"]: each["state"] for each in client.get_model_repository_index(headers=root)}
            failure = tritonclient.utils.InferenceServerException

            def infer(name):
                text = tritonclient.http.InferInput("TEXT", [len(texts), 1], "BYTES")
                text.set_data_from_numpy(numpy.array([[t] for t in texts], dtype=object))
                same(client.infer(name, [text], headers=user).as_numpy("EMBEDDING"), vectors)

            assert states() == {"first": "READY"}
            client.load_model("second", headers=root, config=json.dumps({"folder": model}))
            assert states() == {"first": "READY", "second": "READY"}
            assert client.is_model_ready("second") and client.get_model_metadata("second", headers=user)["name"] == "second"
            infer("second")
            client.load_model("second", headers=root)  # once more, from the same folder
            infer("second")
            wrong = refused(failure, lambda: client.load_model("second", headers=root, config=json.dumps({"folder": folder})))
            assert folder in wrong.message(), wrong
            infer("second")
            client.unload_model("second", headers=root)
            assert states() == {"first": "READY", "second": "UNAVAILABLE"} and not client.is_model_ready("second")
            assert "not loaded" in refused(failure, lambda: infer("second")).message()
            infer("first")
            assert "marks as admin" in refused(failure, lambda: client.load_model("first", headers=user)).message()


def try_prompts(program, model, text):
    """prompt_name means what the folder says for sentence-transformers."""
    with tempfile.TemporaryDirectory() as folder:
        for file in pathlib.Path(model).iterdir():
            if file.name != "config_sentence_transformers.json":
                (pathlib.Path(folder) / file.name).symlink_to(file.resolve())
        (pathlib.Path(folder) / "config_sentence_transformers.json").write_text('{"prompts": {"query": "To find: ", "passage": ""}}')
        with embed_server.running(program, "--model", f"asymmetric={folder}") as address:
            client = huggingface_hub.InferenceClient(model=address)
            expected = client.feature_extraction(["To find: " + text, text])
            same(client.feature_extraction(text, prompt_name="query"), expected[:1])
            same(client.feature_extraction(text, prompt_name="passage"), expected[1:])
            unknown = refused(huggingface_hub.errors.HfHubHTTPError, lambda: client.feature_extraction(text, prompt_name="title"))
            assert 'one of "passage", "query"' in unknown.response.json()["error"], unknown


def try_statistics(address):
    """A server counts its batches (a gateway has none)."""
    client = tritonclient.http.InferenceServerClient(address.removeprefix("http://"))
    model = client.get_inference_statistics(MODEL)["model_stats"][0]
    assert 0 < model["execution_count"] <= model["inference_count"]


def try_all(address, texts, vectors):
    for attempt in (try_openai, try_readme, try_langchain, try_huggingface_hub, try_tritonclient):
        attempt(address, texts, vectors)
        print(attempt.__name__.removeprefix("try_"), "ok", flush=True)


def main(program, goldens, *model_or_addresses):
    logging.disable(logging.WARNING)
    folder = pathlib.Path(goldens) / "embeddings"
    texts = (folder / "texts.txt").read_text().splitlines()
    vectors = numpy.fromfile(folder / "vectors.f32", dtype="<f4").reshape(len(texts), -1)
    few = texts[:6], vectors[:6]
    if program == "--at":
        for address in model_or_addresses:
            try_all(address, *few)
        return
    (model,) = model_or_addresses
    with embed_server.running(program) as address:
        try_all(address, *few)
        try_statistics(address)
    try_repository(program, model, *few)
    print("repository ok")
    try_prompts(program, model, texts[0])
    print("prompts ok")


main(*sys.argv[1:])
