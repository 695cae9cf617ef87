#!/usr/bin/env python3
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Measures embed_server and other servers on the same model, texts and core, in turn; run.sh calls it.

Each server runs on core 0 with one thread, and is asked by bench_load on core 1 for one text at a time: by 64, 8 and 1
clients in a closed loop, and at one rate in an open loop. Before each server the bound is measured on its core: the
bare forward pass on all texts, sorted by length, in padded batches of 32 (bench_encoder). A server must answer with the
right vector before anything is timed. CPU time is that of all processes of a server.
"""

import argparse
import contextlib
import dataclasses
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path

HERE = Path(__file__).parent
SERVER_CORE, CLIENT_CORE = "0", "1"
CLIENTS = (64, 8, 1)
TEXTS = 24  # the seed with which bench_load sends the texts that bench_encoder has
TEXT = "The bridge opens early every morning."
MARK = "CARPOOL_CONTENDER"


@dataclasses.dataclass(frozen=True)
class Contender:
    """A server with its settings."""

    name: str
    settings: str
    command: tuple  # {port} and {model} are filled in
    path: str = "/embed"
    environment: str = ""  # a Python of run.sh; empty for ours
    variables: tuple = ()


def python_server(name, script, best, environment="common", path="/embed"):
    """The server as its documentation has it, and the best of its settings."""
    command = ("{python}", str(HERE / "servers" / script), "--model", "{model}", "--port", "{port}")
    yield Contender(name, "its defaults", command, path, environment)
    if best:
        size, delay = best
        yield Contender(name, f"at most {size}, {delay} ms",
                        (*command, "--max-batch-size", str(size), "--max-delay-ms", str(delay)), path, environment)


def by_variables(name, command, size):
    """Servers that read the command line themselves."""
    model = ("MODEL", "{model}")
    yield Contender(name, "its defaults", command, environment="common", variables=(model,))
    yield Contender(name, f"at most {size}", command, environment="common",
                    variables=(model, ("MAX_BATCH_SIZE", str(size))))


def contenders(embed_server):
    ours = (embed_server, "--port", "{port}", "--model", "{model}", "--threads", "1", "--device", "cpu")
    yield Contender("carpool", "its defaults", ours)
    yield Contender("carpool", "--max-batch-size 1", (*ours, "--max-batch-size", "1"))
    infinity = ("{bin}/infinity_emb", "v2", "--model-id", "{model}", "--port", "{port}", "--host", "127.0.0.1",
                "--url-prefix", "/v1", "--engine", "torch", "--device", "cpu", "--dtype", "float32",
                "--no-bettertransformer", "--no-model-warmup")
    yield Contender("infinity-emb", "its defaults", infinity, "/v1/embeddings", "infinity")
    yield Contender("infinity-emb", "at most 8", (*infinity, "--batch-size", "8"), "/v1/embeddings", "infinity")
    yield from python_server("the textbook service", "prototype.py", (4, 1))
    yield from python_server("batched", "batched_fastapi.py", (4, 1))
    yield from python_server("Triton (pytriton)", "triton_server.py", (4, 1), "triton", "/v2/models/model/infer")
    mosec = ("{python}", str(HERE / "servers" / "mosec_server.py"), "--address", "127.0.0.1", "--port", "{port}",
             "--timeout", "120000")
    yield from by_variables("mosec", mosec, 4)
    yield from python_server("FastAPI, no batching", "fastapi_plain.py", None)
    yield from python_server("LitServe", "litserve_server.py", (4, 1))
    bento = ("{bin}/bentoml", "serve", "bentoml_service:Embedding", "--working-dir", str(HERE / "servers"),
             "--host", "127.0.0.1", "--port", "{port}")
    yield from by_variables("BentoML", bento, 4)
    yield from python_server("Ray Serve", "ray_server.py", (4, 1))


# ---- one server


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def processes(mark):
    """All processes of a server, wherever they have gone, by a variable in their environment."""
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                yield folder


def cpu_seconds(mark):
    ticks = 0
    for folder in processes(mark):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])  # of itself and of children that have ended
    return ticks / os.sysconf("SC_CLK_TCK")


def vector_of(answer):
    if isinstance(answer, list):
        return answer[0]
    return answer["data"][0]["embedding"] if "data" in answer else answer["outputs"][0]["data"]


class Running:
    """A server while it runs."""

    def __init__(self, contender, given):
        self.contender, self.mark, self.port = contender, uuid.uuid4().hex, free_port()
        folder = Path(given.environments) / contender.environment / "bin"
        names = {"port": self.port, "model": given.model, "bin": folder, "python": folder / "python"}
        variables = {key: value.format(**names) for key, value in contender.variables}
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            ["taskset", "--cpu-list", SERVER_CORE, *(word.format(**names) for word in contender.command)],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, start_new_session=True,
            env={**os.environ, **variables, MARK: self.mark, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1",
                 "DO_NOT_TRACK": "1", "RAY_USAGE_STATS_ENABLED": "0", "BENTOML_DO_NOT_TRACK": "True"})

    def __enter__(self):
        try:
            self.vector = self._first_vector()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + 20
        while any(processes(self.mark)) and time.monotonic() < deadline:
            self._process.poll()
            time.sleep(0.1)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, which):
        for folder in processes(self.mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(folder.name), which)

    def _ask(self):
        path = self.contender.path
        tensor = {"name": "TEXT", "datatype": "BYTES", "shape": [1, 1], "data": [TEXT]}
        body = {"/v1/embeddings": {"model": "any", "input": [TEXT]}, "/embed": {"inputs": [TEXT]}}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method="POST",
                                       data=json.dumps(body.get(path, {"inputs": [tensor]})).encode(),
                                       headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return vector_of(json.load(answer))

    def _first_vector(self):
        deadline = time.monotonic() + 180
        while True:
            try:
                return self._ask()
            except (OSError, http.client.HTTPException, json.JSONDecodeError, LookupError) as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"no answer: {error}\n{self._last_words()}") from error
                time.sleep(0.2)

    def _last_words(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-2000:]


# ---- what is measured


def run_on(core, command):
    """The JSON that a program of ours writes."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        done = subprocess.run(["taskset", "--cpu-list", core, *map(str, command), "--json", file.name],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError((done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1])
        return json.load(file)


def measure_bound(given):
    """Seconds for a text: the bound, and the packed encoder with one text at a time."""
    found = run_on(SERVER_CORE, [given.bench_encoder, "--model", given.model, "--texts", given.requests, "--rounds", 1,
                                 "--only", "fp32, batches of 1", *(["--cpu-time"] if given.cpu_time else [])])
    bars = {bar["name"]: bar["value"] / 1e6 for bar in found["groups"][0]["bars"]}
    return bars["bound: padded, sorted, batches of 32"], bars["carpool fp32, batches of 1"]


def closed_loop(server, clients, given):
    cpu = cpu_seconds(server.mark)
    (loop,) = run_on(CLIENT_CORE, [given.bench_load, "--server", f"127.0.0.1:{server.port}", "--path", server.contender.path,
                                   "--clients", clients, "--requests", given.requests, "--seed", TEXTS])["closed_loops"]
    refused = loop["refused"] + loop["lost"]
    return {"clients": clients, "texts_per_second": loop["answered_per_second"], "mean_ms": loop["mean"],
            "cpu_ms": 1000 * (cpu_seconds(server.mark) - cpu) / (given.requests - refused), "refused": refused}


def open_loop(server, given):
    (load,) = run_on(CLIENT_CORE, [given.bench_load, "--server", f"127.0.0.1:{server.port}", "--path",
                                   server.contender.path, "--rates", given.rate, "--seconds", given.seconds])["loads"]
    refused = sum(load["statuses"].values()) + load["lost"]
    return {"p50_ms": load["p50"], "p99_ms": load["p99"], "refused": refused}


def idle_cores(server, seconds=2.0):
    cpu = cpu_seconds(server.mark)
    time.sleep(seconds)
    return (cpu_seconds(server.mark) - cpu) / seconds


def measure(contender, given, reference):
    bound, alone = measure_bound(given)
    with Running(contender, given) as server:
        if reference and max(abs(a - b) for a, b in zip(server.vector, reference, strict=True)) > 1e-4:
            raise RuntimeError("it answers with another vector than carpool")
        closed_loop(server, 8, given)  # what is slow at first does not count
        idle = idle_cores(server)
        loops = [closed_loop(server, clients, given) for clients in CLIENTS]
        for loop in loops:
            seconds = loop["cpu_ms"] / 1000 if given.cpu_time else 1 / loop["texts_per_second"]
            loop["of_bound"] = bound / seconds
        loops[-1]["of_forward"] = loops[-1]["mean_ms"] / 1000 / alone
        return server.vector, {"loops": loops, "open": open_loop(server, given), "idle_cores": idle}


def measure_all(chosen, given):
    """The rounds of each contender, and why others could not be measured."""
    rounds, failures, reference = {}, {}, None
    for turn in range(given.rounds):
        for number, contender in enumerate(chosen):
            if contender in failures:
                continue
            print(f"round {turn + 1} of {given.rounds}, {number + 1} of {len(chosen)}: {contender.name}, "
                  f"{contender.settings}", file=sys.stderr, flush=True)
            try:
                vector, measured = measure(contender, given, reference)
                reference = reference or vector
                rounds.setdefault(contender, []).append(measured)
            except (RuntimeError, OSError, ValueError) as error:
                failures[contender] = str(error)
                print(f"  {error}", file=sys.stderr, flush=True)
    return rounds, failures


# ---- what is printed


def spread(values, form):
    low, middle, high = min(values), statistics.median(values), max(values)
    return form % middle if low == high else f"{form % middle} ({form % low} to {form % high})"


def row(contender, measured):
    many, some, one = ([each["loops"][i] for each in measured] for i in range(len(CLIENTS)))
    refused = sum(loop["refused"] for each in measured for loop in each["loops"])
    refused += sum(each["open"]["refused"] for each in measured)
    cells = [contender.name, contender.settings,
             spread([loop["texts_per_second"] for loop in many], "%.0f"),
             spread([loop["of_bound"] for loop in many], "%.2f"), spread([loop["cpu_ms"] for loop in many], "%.1f"),
             spread([loop["of_bound"] for loop in some], "%.2f"), spread([loop["mean_ms"] for loop in one], "%.1f"),
             spread([loop["of_forward"] for loop in one], "%.2f"),
             spread([each["open"]["p99_ms"] for each in measured], "%.0f"),
             spread([each["idle_cores"] for each in measured], "%.3f"), str(refused)]
    return "| " + " | ".join(cells) + " |"


def print_table(rounds, failures, given):
    head = ["server", "settings", "texts/s, 64 clients", "of the bound", "CPU ms per text", "of the bound, 8 clients",
            "1 client, mean ms", "times a bare forward pass", f"p99 ms at {given.rate:g}/s", "idle, cores", "refused"]
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    for contender, measured in rounds.items():
        print(row(contender, measured))
    for contender, reason in failures.items():
        print(f"\nnot measured: {contender.name}, {contender.settings}: {reason}")


def write_json(rounds, given):
    """Also what support/plot_bars.py draws."""
    def bar(contender, measured):
        values = [each["loops"][0]["texts_per_second"] for each in measured]
        return {"name": f"{contender.name}, {contender.settings}", "value": statistics.median(values),
                "least": min(values), "most": max(values)}

    bars = [bar(*each) for each in rounds.items()]
    servers = [{"name": contender.name, "settings": contender.settings, "rounds": measured}
               for contender, measured in rounds.items()]
    Path(given.json).write_text(json.dumps({
        "title": "one text a request on one core", "unit": "texts per second",
        "groups": [{"name": "64 clients", "bars": bars}], "servers": servers}, indent=1) + "\n")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--environments", "--embed-server", "--bench-load", "--bench-encoder", "--model"):
        parser.add_argument(name, required=True, help=argparse.SUPPRESS)  # run.sh knows them
    parser.add_argument("--only", default="", help='servers whose name or settings have one of these words, as "a|b"')
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--requests", type=int, default=256, help="in a closed loop (256)")
    parser.add_argument("--rate", type=float, default=30, help="requests per second in the open loop (30)")
    parser.add_argument("--seconds", type=float, default=15, help="of the open loop (15)")
    parser.add_argument("--cpu-time", action="store_true", help="compare CPU time with the bound, not wall time")
    parser.add_argument("--json", help="all that was measured, and what support/plot_bars.py draws")
    return parser.parse_args()


def main():
    given = arguments()
    words = given.only.split("|")
    chosen = [each for each in contenders(given.embed_server)
              if any(word in f"{each.name}, {each.settings}" for word in words)]
    if not chosen:
        sys.exit(f'measure.py: --only is "{given.only}", which no server is called')
    rounds, failures = measure_all(chosen, given)
    print_table(rounds, failures, given)
    if given.json:
        write_json(rounds, given)
    sys.exit(0 if rounds and not failures else 1)


if __name__ == "__main__":
    main()
