# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""The real server as a process whose memory and files are looked at."""

import os
import pathlib
import re
import subprocess


class WatchedServer:
    """The server on a free port of 127.0.0.1, to be used with `with`: afterwards it has ended, whatever happened."""

    def __init__(self, program, *options, environment=None):
        command = [program, "--port", "0", "--log-level", "warn", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | (environment or {}))
        for line in self.process.stdout:
            if found := re.match(r"listening on http://127.0.0.1:(\d+)", line):
                self.port = int(found[1])
                return
        raise SystemExit("the server ended before it listened")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def resident_kilobytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s*(\d+)", status)[1])

    def open_files(self):
        return len(list(pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def end(self):
        """Tells it to end; the status with which it did."""
        self.process.terminate()
        self.process.stdout.read()
        return self.process.wait(timeout=60)
