# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Just enough of the DevTools protocol to look at a page in Chromium without a screen."""

import base64
import contextlib
import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request

import websockets.sync.client


class Browser:
    """One tab. What the page complains about is in `complaints`."""

    def __init__(self, socket):
        self.socket, self.calls, self.complaints = socket, 0, []
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        self.calls += 1
        self.socket.send(json.dumps({"id": self.calls, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv(timeout=30))
            if message.get("id") == self.calls:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            event, about = message["method"], message.get("params", {})
            if event == "Runtime.exceptionThrown" or (event == "Log.entryAdded" and about["entry"]["level"] == "error"):
                self.complaints.append(about)

    def open(self, address, width=1280, height=1500):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Page.navigate", url=address)
        self.wait_until("document.readyState == 'complete' && location.href != 'about:blank'")

    def prefer(self, scheme):
        """light or dark"""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_until(self, expression, seconds=30):
        until = time.monotonic() + seconds
        while not self.evaluate(expression):
            assert time.monotonic() < until, f"waited {seconds} s in vain for {expression}"
            time.sleep(0.1)

    def press(self, key):
        for event in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=event, key=key, code=key)

    def screenshot(self, file):
        with open(file, "wb") as image:
            image.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


def find_chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextlib.contextmanager
def browsing(chromium):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0",
                   f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            port = next(found[1] for line in process.stderr if (found := re.search(r"ws://127\.0\.0\.1:(\d+)/", line)))
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as tabs:
                tab = next(tab for tab in json.load(tabs) if tab["type"] == "page")
            with websockets.sync.client.connect(tab["webSocketDebuggerUrl"], max_size=None) as socket:
                yield Browser(socket)
        finally:
            process.terminate()
            process.wait(timeout=30)
