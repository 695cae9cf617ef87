# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Does the server stay as it is under good and bad clients, for as long as one likes to wait?

soak.py EMBED_SERVER [--minutes 10] [--seed 1]: starts the real server, lets good clients ask for embeddings in several
ways while bad ones send what they should not, leave too early or stop in the middle, and has the keys read again now and
then. Once a second it looks at /health, /metrics, memory and open files. In the end it says, and tells by its exit
status:
- whether every request of the good clients was answered as it should be (429 for a full queue is an answer);
- whether requests added up in every look at /metrics: submitted = outcomes + in flight;
- by how much memory has grown over the second half of the time. It is looked at when a quarter is over and all clients
  rest, because bodies of 16 MiB come and go; 16 MiB are allowed for what an allocator does. In less than four minutes it
  is told, but not judged. libtorch's oneDNN would keep a plan for each of up to 1024 sizes of batches, and fill its memory
  with them for many minutes, so it is told to keep none. glibc would come to take bodies of megabytes from its heap, which
  small blocks between them keep from shrinking, so it is told to map blocks of 1 MiB and more one by one;
- whether as many files are open when all clients have gone as before they came;
- whether SIGTERM ended it with status 0.
"""

import argparse
import contextlib
import gzip
import json
import pathlib
import random
import re
import signal
import socket
import struct
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from watched_server import WatchedServer  # noqa: E402

KEY = "soak-0123456789abcdef"
ALLOWED_GROWTH = 16384  # KiB
LEAST_FOR_MEMORY = 4  # minutes


def total(metrics, name):
    """Of all samples of a metric, which has some."""
    found = re.findall(rf"^{name}(?:\{{.*\}})? (\d+)$", metrics, re.M)
    if not found:
        raise LookupError(f"/metrics has no {name}")
    return sum(map(int, found))


def start(program, folder):
    keys = pathlib.Path(folder) / "keys"
    keys.write_text(f"soak {KEY}\n")
    options = ["--api-keys", keys, "--access-log", pathlib.Path(folder) / "log", "--max-queue-size", "256"]
    environment = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "0", "MALLOC_MMAP_THRESHOLD_": str(1 << 20)}
    return WatchedServer(program, *options, environment=environment)


class Connection:
    """A socket that speaks just enough HTTP."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.received = b""

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """Status and body of the next answer."""
        while b"\r\n\r\n" not in self.received:
            self.read()
        header, _, self.received = self.received.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", header)[1])
        while len(self.received) < length:
            self.read()
        body, self.received = self.received[:length], self.received[length:]
        return int(header.split(b" ", 2)[1]), body

    def read(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.received += data

    def close(self, reset=False):
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def post(path, body, fields=""):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (f"POST {path} HTTP/1.1\r\nHost: soak\r\nx-api-key: {KEY}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n{fields}\r\n").encode() + body


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: soak\r\nx-api-key: {KEY}\r\n\r\n".encode()


def text(dice):
    return " ".join(dice.choices(["share", "the", "ride", "and", "leave", "road", "to", "others"], k=dice.randint(1, 60)))


# --- good clients: each asks once over a connection and yields what it expected, with what it got ---------------------

def one_text(connection, dice):
    connection.send(post("/embed", {"text": text(dice)}))
    yield {200, 429}, connection.receive()[0]


def a_list(connection, dice):
    connection.send(post("/v1/embeddings", {"input": [text(dice) for _ in range(8)], "encoding_format": "base64"}))
    yield {200, 429}, connection.receive()[0]


def pipelined(connection, dice):
    connection.send(b"".join(post("/embed", {"inputs": text(dice)}) for _ in range(5)))
    for _ in range(5):
        yield {200, 429}, connection.receive()[0]


def impatient(connection, dice):
    connection.send(post("/embed", {"text": text(dice)}, f"x-request-timeout-ms: {dice.randint(0, 40)}\r\n"))
    yield {200, 429, 504}, connection.receive()[0]


def zipped(connection, dice):
    connection.send(post("/embed", gzip.compress(json.dumps({"text": text(dice)}).encode()), "Content-Encoding: gzip\r\n"))
    yield {200, 429}, connection.receive()[0]


def curious(connection, dice):
    connection.send(get(dice.choice(["/info", "/v2/models/stats", "/openapi.json", "/dashboard"])))
    yield {200}, connection.receive()[0]


# --- bad clients: whatever they get is right, as long as the server lives ---------------------------------------------

def garbage(connection, dice):
    connection.send(dice.randbytes(dice.randint(1, 4096)))


def half_a_header(connection, dice):
    connection.send(post("/embed", {"text": "a"})[:dice.randint(1, 60)])


def half_a_body(connection, dice):
    connection.send(post("/embed", {"text": text(dice)})[:-dice.randint(1, 10)])


def leaves_early(connection, dice):
    connection.send(post("/embed", {"inputs": [text(dice) for _ in range(dice.randint(1, 64))]}))
    time.sleep(dice.random() / 20)


def not_json(connection, dice):
    connection.send(post("/v1/embeddings", dice.choice([b"{", b"[" * 10000, b'{"input":[]}', b'{"input":"\xff"}'])))
    connection.receive()


def smuggles(connection, dice):
    connection.send(b"POST /embed HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + get("/health"))
    connection.receive()


def too_large(connection, dice):
    connection.send(f"POST /embed HTTP/1.1\r\nHost: a\r\nx-api-key: {KEY}\r\nContent-Length: 99999999999\r\n\r\n".encode())
    connection.receive()


def endless_chunks(connection, dice):
    connection.send(f"POST /embed HTTP/1.1\r\nHost: a\r\nx-api-key: {KEY}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    for _ in range(dice.randint(1, 400)):
        connection.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def bomb(connection, dice):
    connection.send(post("/embed", gzip.compress(b" " * 32_000_000), "Content-Encoding: gzip\r\n"))
    connection.receive()


def dribbles(connection, dice):
    for byte in post("/embed", {"text": "a"})[:dice.randint(20, 80)]:
        connection.send(bytes([byte]))
        time.sleep(0.01)


def stranger(connection, dice):
    connection.send(get("/v1/models").replace(KEY.encode(), b"another-0123456789abc"))
    connection.receive()


GOOD = [one_text, a_list, pipelined, impatient, zipped, curious]
BAD = [garbage, half_a_header, half_a_body, leaves_early, not_json, smuggles, too_large, endless_chunks, bomb, dribbles,
       stranger]


class Soak:
    def __init__(self, server, seconds, seed):
        self.server, self.quarter, self.until, self.seed = server, seconds / 4, time.monotonic() + seconds, seed
        self.lock, self.working = threading.Lock(), threading.Event()
        self.working.set()
        self.answered, self.refused, self.attacks, self.faults, self.memory, self.looks = 0, 0, 0, [], [], 0

    def going(self):
        return time.monotonic() < self.until and self.server.process.poll() is None

    def fault(self, what):
        with self.lock:
            self.faults.append(what)

    def be_good(self, number):
        dice = random.Random(f"{self.seed} good {number}")
        while self.working.wait() and self.going():
            ask = dice.choice(GOOD)
            try:
                connection = Connection(self.server.port)
                for _ in range(dice.randint(1, 20)):  # connections live for a while
                    for expected, status in ask(connection, dice):
                        with self.lock:
                            self.answered += 1
                            self.refused += status == 429
                        if status not in expected:
                            self.fault(f"{ask.__name__} got {status}")
                connection.close()
            except OSError as fault:
                self.fault(f"{ask.__name__}: {fault}")

    def be_bad(self, number):
        dice = random.Random(f"{self.seed} bad {number}")
        while self.working.wait() and self.going():
            with contextlib.suppress(OSError, TypeError):  # no answer, or one without a length
                connection = Connection(self.server.port)
                try:
                    dice.choice(BAD)(connection, dice)
                finally:
                    connection.close(reset=dice.random() < 0.5)
            with self.lock:
                self.attacks += 1

    def look(self):
        connection = Connection(self.server.port)
        while self.going():
            try:
                connection.send(get("/health") + get("/metrics"))
                (health, _), (_, metrics) = connection.receive(), connection.receive()
            except OSError as fault:
                return self.fault(f"/health and /metrics: {fault}")
            metrics = metrics.decode()
            submitted, ended, under_way = (
                total(metrics, f"carpool_{name}") for name in ("requests_submitted_total", "requests_total", "inflight_requests"))
            if health != 200:
                self.fault(f"/health is {health}")
            if submitted != ended + under_way:
                self.fault("requests do not add up in /metrics")
            self.looks += 1
            due = self.until - (3 - len(self.memory)) * self.quarter
            if len(self.memory) < 3 and time.monotonic() >= due:
                self.rest(connection)
            if self.looks % 30 == 0:
                self.server.process.send_signal(signal.SIGHUP)
            if self.looks % 60 == 0:
                print(f"{self.looks // 60} min: {self.answered} answers, {self.attacks} attacks, {self.server.resident_kilobytes()} KiB, "
                      f"{self.server.open_files()} files open, {len(self.faults)} faults", flush=True)
            time.sleep(1)
        connection.close()

    def rest(self, connection):
        """Lets all clients end what they are doing, looks at the memory, and lets them go on."""
        self.working.clear()
        connections = 2
        try:
            while connections > 1:  # the one that asks
                time.sleep(0.1)
                connection.send(get("/metrics"))
                metrics = connection.receive()[1].decode()
                connections = total(metrics, "carpool_http_connections")
            self.memory.append(self.server.resident_kilobytes())
        finally:
            self.working.set()

    def run(self):
        threading.excepthook = lambda thrown: self.fault(f"{thrown.exc_type.__name__}: {thrown.exc_value}")
        clients = [threading.Thread(target=self.be_good, args=[i]) for i in range(8)]
        clients += [threading.Thread(target=self.be_bad, args=[i]) for i in range(4)]
        clients.append(threading.Thread(target=self.look))
        for client in clients:
            client.start()
        for client in clients:
            client.join()


def settled(count, wanted):
    """The count, when it has come down to what is wanted, or after ten seconds."""
    for _ in range(100):
        if count() <= wanted:
            break
        time.sleep(0.1)
    return count()


def verdict(good, what):
    print(f"{'good ' if good else 'FAULT'}  {what}")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("embed_server")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, start(given.embed_server, folder) as server:
        files = server.open_files()
        soak = Soak(server, 60 * given.minutes, given.seed)
        soak.run()
        files_now = settled(server.open_files, files)
        memory = [*soak.memory, server.resident_kilobytes()]
        status = server.end()
    print(f"{soak.answered} answers to good clients, of which {soak.refused} were 429; {soak.attacks} attacks; seed {given.seed}")
    for fault in sorted(set(soak.faults)):
        print(f"       {soak.faults.count(fault)} times: {fault}")
    all_good = [
        verdict(not soak.faults and soak.answered > 0, f"{len(soak.faults)} requests without the right answer, or sums that are wrong"),
        verdict(given.minutes < LEAST_FOR_MEMORY or len(memory) == 4 and memory[3] - memory[1] <= ALLOWED_GROWTH,
                f"memory after each quarter: {memory} KiB"),
        verdict(files_now <= files, f"{files_now} files open in the end, {files} in the beginning"),
        verdict(status == 0, f"ended with status {status}"),
    ]
    return 0 if all(all_good) else 1


if __name__ == "__main__":
    sys.exit(main())
