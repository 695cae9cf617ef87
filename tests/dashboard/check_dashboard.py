# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Looks at the dashboard of a real server in Chromium, while texts come in.

check_dashboard.py EMBED_SERVER [PICTURES]: writes a picture in light and one in dark colours into the folder PICTURES.
Exits with 77, for ctest's "skipped", without Chromium or the Python package websockets.
"""

import contextlib
import http.server
import json
import math
import pathlib
import random
import re
import subprocess
import sys
import threading
import time
import urllib.request

try:
    from browser import browsing, find_chromium
except ImportError as missing:
    print(f"skipped: {missing}; cmake/install-dependencies.sh tests installs it")
    sys.exit(77)

TILES = "document.querySelector('#tiles').innerText"
FIRST_CHART = "document.querySelector('svg').getAttribute('aria-label')"


def embed_until(stopped, address):
    """Mixed requests, more and fewer by turns."""
    dice = random.Random(1)
    while not stopped.wait(0.15 * dice.random() + 0.1 * math.sin(time.monotonic() / 8) ** 2):
        inputs = [" ".join(["share the ride"] * dice.randint(1, 20)) for _ in range(dice.randint(1, 4))]
        body = json.dumps({"inputs": inputs}).encode()
        request = urllib.request.Request(f"{address}/embed", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30).read()


def check(page, address):
    page.open(f"{address}/dashboard")
    page.wait_until("document.querySelector('#state').textContent == 'live'")
    page.wait_until(f"/texts\\/s\\s+[1-9]/.test({TILES})")
    told = page.evaluate(TILES)
    assert re.search(r"success\s+100 %", told), told
    assert re.search(r"batch \(most 32\)\s+[1-9]", told), told
    assert page.evaluate("document.title") == "all-MiniLM-L6-v2 · carpool"
    assert page.evaluate("document.querySelector('#rows th').textContent") == "all-MiniLM-L6-v2"

    # Every chart that is shown says in words what it draws, and draws something.
    page.wait_until("shown.length >= 4")
    silent = page.evaluate("""[...document.querySelectorAll('figure:not([hidden])')].filter(figure => {
        const svg = figure.querySelector('svg');
        return svg.tabIndex != 0 || !/: \\S/.test(svg.getAttribute('aria-label')) || !svg.querySelector('path, rect');
      }).map(figure => figure.querySelector('h2').textContent)""")
    assert silent == [], f"these charts show nothing: {silent}"
    assert page.evaluate("document.querySelectorAll('figure:not([hidden])').length") >= 10

    # With the keyboard alone: back in time, and forward to now again; pausing.
    page.evaluate("document.querySelector('svg').focus()")
    page.press("ArrowLeft")
    assert "seconds ago" in page.evaluate(FIRST_CHART)
    page.press("Escape")
    assert "seconds ago" not in page.evaluate(FIRST_CHART)
    page.evaluate("document.querySelector('#pause').click()")
    at = page.evaluate("shown.at(-1).time")
    page.wait_until("history.at(-1).time > shown.at(-1).time + 1500")
    assert page.evaluate("shown.at(-1).time") == at
    # While it is paused, another time can be shown all the same.
    page.evaluate(f"held.unshift({{...held.at(-1), time: {at} - 120e3}})")
    for minutes, longest in ((1, 60e3), (15, 120e3)):
        page.evaluate(f"document.querySelector('[data-minutes=\"{minutes}\"]').click()")
        span = page.evaluate("shown.at(-1).time - shown[0].time")
        assert span <= longest and (span == 120e3) == (minutes == 15), (minutes, span)
    page.evaluate("document.querySelector('#pause').click()")
    assert page.evaluate("shown.at(-1).time") > at

    # On a narrow screen nothing sticks out.
    page.call("Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=True)
    page.wait_until("document.documentElement.scrollWidth <= 400")
    assert page.complaints == [], page.complaints


def check_rows(page, address):
    """Two ways to run the model are told apart, each by what it does."""
    page.open(f"{address}/dashboard")
    cells = "[...document.querySelectorAll('#rows tr')].map(row => [...row.children].map(cell => cell.textContent))"
    page.wait_until(f"{cells}.length == 2 && {cells}.every(row => Number(row[1]) > 0)")
    rows = page.evaluate(cells)
    assert [row[0] for row in rows] == ["all-MiniLM-L6-v2, batched", "all-MiniLM-L6-v2, unbatched"], rows
    assert all(row[3] == "100 %" for row in rows) and rows[1][7] == "1", rows


@contextlib.contextmanager
def embedding(address):
    """Some clients; calling what this gives ends them."""
    stopped = threading.Event()
    clients = [threading.Thread(target=embed_until, args=(stopped, address)) for _ in range(4)]
    for client in clients:
        client.start()

    def end():
        stopped.set()
        for client in clients:
            client.join()

    try:
        yield end
    finally:
        end()


class Refusal(http.server.BaseHTTPRequestHandler):
    """What a proxy says whose server is away."""

    def do_GET(self):
        self.send_error(502)
        self.server.asked.set()

    def log_message(self, *_):
        pass


def refuse_once(port):
    """Stands on the server's port until a client has been turned away."""
    with http.server.HTTPServer(("127.0.0.1", port), Refusal) as proxy:
        proxy.asked = threading.Event()
        while not proxy.asked.is_set():
            proxy.handle_request()


@contextlib.contextmanager
def running(program, *options, port=0):
    """The server and its address."""
    command = [program, "--port", str(port), "--log-level", "warn", *options]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield server, next(found[1] for line in server.stdout if (found := re.match(r"listening on (http://\S+)", line)))
    finally:
        server.kill()


def main(program, pictures=None):
    chromium = find_chromium()
    if not chromium:
        print("skipped: there is no chromium")
        sys.exit(77)
    with running(program) as (server, address), embedding(address) as end_clients, browsing(chromium) as page:
        check(page, address)
        if pictures:
            page.open(f"{address}/dashboard")
            page.evaluate("document.querySelector('[data-minutes=\"1\"]').click()")
            page.wait_until("shown.length > 55", 90)
            for scheme in ("light", "dark"):
                page.prefer(scheme)
                page.screenshot(pathlib.Path(pictures) / f"dashboard_{scheme}.png")
        end_clients()
        # The page says so when the server has gone.
        server.terminate()
        page.wait_until("document.querySelector('#state').className == 'lost'")
        assert server.wait(timeout=60) == 0
        # When the server is there again it goes on, also if a proxy answered meanwhile.
        port = int(address.rsplit(":", 1)[1])
        refuse_once(port)
        with running(program, port=port):
            page.wait_until("document.querySelector('#state').className == 'live'")
    with running(program, "--ab", "50") as (_, address), embedding(address), browsing(chromium) as page:
        check_rows(page, address)
    print("the dashboard is in order")


if __name__ == "__main__":
    main(*sys.argv[1:])
