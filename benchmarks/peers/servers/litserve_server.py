# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""LitServe."""

import litserve

from model import Embedder, options


class Api(litserve.LitAPI):
    def __init__(self, folder, **settings):
        super().__init__(api_path="/embed", **settings)
        self._folder = folder

    def setup(self, device):
        self._embed = Embedder(self._folder)
        self._batches = self.max_batch_size > 1

    def decode_request(self, request):
        (text,) = request["inputs"]
        return text

    def batch(self, inputs):
        return inputs

    def predict(self, x):
        return self._embed(x) if self._batches else self._embed([x])[0]

    def unbatch(self, output):
        return output

    def encode_response(self, output):
        return [output]


if __name__ == "__main__":
    given = options()
    batching = {}
    if given.max_batch_size:
        batching = {"max_batch_size": given.max_batch_size, "batch_timeout": given.max_delay_ms / 1000}
    server = litserve.LitServer(Api(given.model, **batching), accelerator="cpu", timeout=120)
    server.run(host="127.0.0.1", port=given.port, generate_client_file=False, log_level="warning")
