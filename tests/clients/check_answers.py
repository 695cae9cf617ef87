# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Lets schemathesis ask the real server whatever its description, /openapi.json, allows or forbids.

check_answers.py EMBED_SERVER MODEL RERANKER CLASSIFIER: the server has all three; no answer may be a 5xx, or have a status, a Content-Type or a body that is not described.
Needs requirements.txt; exits with 77, for ctest's "skipped", where that is not installed.
"""

import importlib.util
import pathlib
import subprocess
import sys
import tempfile

import embed_server

if importlib.util.find_spec("schemathesis") is None:
    print("skipped: no schemathesis; cmake/install-dependencies.sh tests installs it")
    sys.exit(77)

# Left out: what a schema cannot say of a text (whether it has tokens) or of a tensor (whether its shape fits its data), and
# what the server passes over on purpose (unknown members).
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance," \
         "response_schema_conformance,unsupported_method,allow_header_conformance"


def main(program, *models):
    command = pathlib.Path(sys.executable).with_name("schemathesis")
    settings = pathlib.Path(__file__).with_name("schemathesis.toml")
    options = [option for model in models for option in ("--model", model)]
    with embed_server.running(program, *options) as address, tempfile.TemporaryDirectory() as folder:  # for what it leaves behind
        # A deadline of the test's own, since one of a few milliseconds would rightly be answered with 504.
        done = subprocess.run(
            [command, f"--config-file={settings}", "run", f"{address}/openapi.json", f"--checks={CHECKS}",
             "--phases=examples,coverage,fuzzing",
             "--exclude-path-regex=/versions/|/events",  # the same again, as without; an answer that does not end
             "--seed=1", "--max-examples=6", "--generation-database=none", "--no-shrink", "--suppress-health-check=all",
             "--header=x-request-timeout-ms:60000", "--warnings=off", "--no-color"], check=False, cwd=folder)
    sys.exit(done.returncode)


main(*sys.argv[1:])
