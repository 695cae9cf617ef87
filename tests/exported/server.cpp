// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "exported/exported.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/server_process.hpp"

#include <string>

using namespace carpool::test;

namespace {

void serve(const std::string& program) {
  if (!is_there(program)) return;
  server_process server({CARPOOL_EMBED_SERVER, "--port", "0", "--threads", "1", "--device", "cpu",
                         "--program", (exported / program).string(), "--load-library", "libm.so.6"});
  http_client client(server.port());
  INFO(server.log());
  CHECK(server.log().find("program " + (exported / program).string()) != std::string::npos);
  const auto answer =
      client.ask(post_json("/embed", R"({"inputs":["share the ride","Four people share one car."]})"));
  CHECK(answer.status == 200);
  CHECK(answer.body.size() > 2 * 384 * 5);
  // A program pools by itself.
  CHECK(client.ask(post_json("/embed_all", R"({"inputs":"share the ride"})")).status == 424);
}

}  // namespace

TEST_CASE("embed_server --program serves an AOTInductor package") { serve("minilm.pt2"); }

TEST_CASE("embed_server --program serves a TorchScript module, after a library that it was told to load") {
  serve("minilm.pt");
}
