# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""The real server as a process, for the scripts beside this one."""

import contextlib
import re
import subprocess


@contextlib.contextmanager
def running(program, *options):
    """The server on a free port; its address. It must end well when it is told to."""
    server = subprocess.Popen([program, "--port", "0", *options], stdout=subprocess.PIPE, text=True)
    try:
        for line in server.stdout:
            if found := re.match(r"listening on (http://\S+)", line):
                break
        else:
            raise SystemExit("the server ended before it listened")
        yield found[1]
    finally:
        server.terminate()
        server.stdout.read()
        if server.wait(timeout=60) != 0:
            raise SystemExit(f"the server ended with status {server.returncode}")
