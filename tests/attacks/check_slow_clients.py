# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Does a good client get its answers while slowhttptest attacks, and what do the attacks leave behind?

check_slow_clients.py EMBED_SERVER headers|bodies|ranges|readers: attacks a real server of its own on the loopback address
with many connections at once, for some seconds, twice. All the while a good client must be answered. The first attack
shows how much memory the server takes for so many connections; the second one must not make that more than 1 MiB per
100 connections larger, and afterwards as many files must be open as before. Exits with 77, for ctest's "skipped",
where there is no slowhttptest.
"""

import http.client
import json
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from watched_server import WatchedServer  # noqa: E402

CONNECTIONS, SECONDS = 200, 4
COMMON = ["-c", str(CONNECTIONS), "-r", str(CONNECTIONS), "-l", str(SECONDS), "-i", "1", "-p", "3"]
ATTACKS = {  # what is asked for, and how slowly
    "headers": ("/health", ["-H"]),
    "bodies": ("/embed", ["-B", "-s", "8192", "-f", "application/json"]),
    "ranges": ("/dashboard", ["-R", "-t", "GET", "-a", "1", "-b", "1000"]),
    "readers": ("/dashboard", ["-X", "-k", "3", "-n", "1", "-w", "10", "-y", "20", "-z", "5"]),
}


def connections_of(server):
    """How many it knows of, without the one that asks."""
    metrics = ask(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10), "GET", "/metrics")
    return sum(int(n) for n in re.findall(r"^carpool_http_connections\{.*\} (\d+)$", metrics, re.M)) - 1


def ask(connection, method, path, body=None):
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    text = answer.read().decode()
    if answer.status != 200:
        raise SystemExit(f"{path} was answered with {answer.status}: {text}")
    return text


class GoodClient(threading.Thread):
    """Asks for embeddings until it is told to stop, over a connection that it keeps and over new ones."""

    def __init__(self, port):
        super().__init__()
        self.port, self.answers, self.fault, self.stopping = port, 0, None, threading.Event()
        self.start()

    def run(self):
        kept = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        body = json.dumps({"text": "share the ride"})
        try:
            while not self.stopping.is_set():
                for connection in kept, http.client.HTTPConnection("127.0.0.1", self.port, timeout=10):
                    if len(json.loads(ask(connection, "POST", "/embed", body))["embedding"]) != 384:
                        raise SystemExit("not an embedding")
                    self.answers += 1
                connection.close()
        except (Exception, SystemExit) as fault:
            self.fault = fault

    def stop(self):
        self.stopping.set()
        self.join()
        if self.fault:
            raise SystemExit(f"the good client, after {self.answers} answers: {self.fault}")
        return self.answers


def attack(program, server, kind):
    """Returns what the good client got meanwhile."""
    path, options = ATTACKS[kind]
    good = GoodClient(server.port)
    done = subprocess.run([program, *options, *COMMON, "-u", f"http://127.0.0.1:{server.port}{path}"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    answers = good.stop()
    told = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", done.stdout)  # without colours
    held = max(map(int, re.findall(r"^connected: +(\d+)", told, re.M)), default=0)
    if held < CONNECTIONS and "No open connections left" not in told:
        raise SystemExit(f"slowhttptest held {held} of {CONNECTIONS} connections:\n{told}")
    if re.search(r"^service available: +NO", told, re.M):
        raise SystemExit(f"slowhttptest could not reach the server any more:\n{told}")
    patience = time.monotonic() + 30
    while connections_of(server) > 0:  # those of the attack are noticed to be gone
        if time.monotonic() > patience:
            raise SystemExit(f"{connections_of(server)} connections stay open after the attack")
        time.sleep(0.1)
    return answers


def main(embed_server, kind):
    program = shutil.which("slowhttptest")
    if not program:
        print("skipped: there is no slowhttptest; cmake/install-dependencies.sh tests installs it")
        return 77
    with WatchedServer(embed_server, "--device", "cpu", "--threads", "1") as server:
        files = server.open_files()
        answers = attack(program, server, kind)
        before = server.resident_kilobytes()
        answers += attack(program, server, kind)
        for _ in range(100):  # until it has closed the last one that asked for metrics, too
            if server.open_files() <= files:
                break
            time.sleep(0.1)
        growth = (server.resident_kilobytes() - before) / (CONNECTIONS / 100)
        print(f"{answers} answers to the good client; memory grew by {growth:.0f} KiB per 100 attacks; "
              f"{server.open_files()} files open, {files} before")
        assert answers > 0
        assert growth < 1024, "memory grows with attacks"
        assert server.open_files() <= files, "files stay open"
        assert server.end() == 0, "the server did not end well"
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
