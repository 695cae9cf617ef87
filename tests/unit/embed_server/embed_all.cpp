// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

// TEI's /embed_all, over the loopback interface: the vectors of tokens, before pooling.

#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "test_server.hpp"

#include <string>

using namespace carpool::test;

namespace {

http_answer ask(std::string_view body, const embed_server::limits& limits = {}) {
  test_server server{limits};
  return http_client(server.port()).ask(post_json("/embed_all", body));
}

}  // namespace

TEST_CASE("every token of every text has its vector") {
  CHECK(ask(R"({"inputs":"a"})").body == "[[[97,0,0,1]]]");
  const auto answer = ask(R"({"inputs":["ab","c"]})");
  CHECK(answer.body == "[[[97,0,0,1],[98,1,0,1]],[[99,0,0,1]]]");
  CHECK(answer.field("x-compute-tokens") == "3");
}

TEST_CASE("texts whose tokens' vectors are wanted go through the batcher") {
  test_server server;
  CHECK(http_client(server.port()).ask(post_json("/embed_all", R"({"inputs":["ab","c"]})")).status == 200);
  CHECK(server.texts_run() == 2);
  CHECK(server.stats().succeeded == 2);
}

TEST_CASE(
    "more vectors than an answer may hold are refused before the model runs, with the number of tokens") {
  embed_server::limits limits;
  limits.vector_values = 12;  // of 4 a token
  CHECK(ask(R"({"inputs":["ab","c"]})", limits).status == 200);
  test_server server{limits};
  const auto refused = http_client(server.port()).ask(post_json("/embed_all", R"({"inputs":["ab","cd"]})"));
  CHECK(refused.status == 422);
  CHECK(refused.body ==
        R"({"error":"inputs has 4 tokens, of which 3 can be answered at most: send fewer or shorter texts",)"
        R"("error_type":"Validation"})");
  CHECK(server.texts_run() == 0);
}

TEST_CASE("what TEI could do and this server does not is refused, not ignored") {
  CHECK(ask(R"({"inputs":"a","truncation_direction":"left"})").status == 422);
  CHECK(ask(R"({"inputs":""})").status == 400);
  CHECK(ask(R"({"inputs":")" + std::string(1001, 'a') + R"(","truncate":false})").status == 422);
  CHECK(ask(R"({"inputs":")" + std::string(1001, 'a') + R"("})").status == 200);
}
