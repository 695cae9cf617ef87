// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

// What TEI's clients ask of the tokeniser, over the loopback interface.

#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "test_server.hpp"

#include <string>

using namespace carpool::test;

namespace {

http_answer ask(std::string_view path, std::string_view body, const embed_server::limits& limits = {}) {
  test_server server{limits};
  return http_client(server.port()).ask(post_json(path, body));
}

}  // namespace

TEST_CASE("tokens are told with their id, text and place, special ones with their name") {
  CHECK(ask("/tokenize", R"({"inputs":"h\""})").body ==
        R"([[{"id":256,"text":"[FIRST]","special":true,"start":null,"stop":null},)"
        R"({"id":104,"text":"h","special":false,"start":0,"stop":1},)"
        R"({"id":34,"text":"\"","special":false,"start":1,"stop":2},)"
        R"({"id":257,"text":"[LAST]","special":true,"start":null,"stop":null}]])");
  CHECK(ask("/tokenize", R"({"inputs":["a","b"],"add_special_tokens":false})").body ==
        R"([[{"id":97,"text":"a","special":false,"start":0,"stop":1}],)"
        R"([{"id":98,"text":"b","special":false,"start":0,"stop":1}]])");
}

TEST_CASE("a text longer than the model takes is tokenised whole, up to a limit for all texts together") {
  CHECK(ask("/tokenize", R"({"inputs":")" + std::string(2000, 'a') + "\"}").status == 200);
  embed_server::limits limits;
  limits.tokens = 10;
  CHECK(ask("/tokenize", R"({"inputs":["123","123"]})", limits).status == 200);
  const auto refused = ask("/tokenize", R"({"inputs":["123","1234"]})", limits);
  CHECK(refused.status == 422);
  CHECK(refused.body ==
        R"({"error":"inputs[1]: too many tokens in one request, send less text","error_type":"Validation"})");
}

TEST_CASE("ids are decoded to texts, with special tokens where they are wanted") {
  CHECK(ask("/decode", R"({"ids":[256,104,105,257]})").body == R"(["hi"])");
  CHECK(ask("/decode", R"({"ids":[[104],[256,105]],"skip_special_tokens":false})").body ==
        R"(["h","[FIRST]i"])");
}

TEST_CASE("an id that no token has is refused by the list it is in") {
  const auto refused = ask("/decode", R"({"ids":[[104],[999]]})");
  CHECK(refused.status == 422);
  CHECK(refused.body.find(R"("ids[1]: id 999: a token id is outside the model's vocabulary")") !=
        std::string::npos);
}

TEST_CASE("what asks only the tokeniser neither runs the model nor counts as a request for it") {
  test_server server;
  http_client client(server.port());
  CHECK(client.ask(post_json("/tokenize", R"({"inputs":"a"})")).status == 200);
  CHECK(client.ask(post_json("/decode", R"({"ids":[1]})")).status == 200);
  CHECK(client.ask(post_json("/decode", R"({"ids":[]})")).status == 400);
  CHECK(server.texts_run() == 0);
  CHECK(
      client.ask(get("/metrics")).body.find(R"(carpool_requests_total{model="fake",outcome="invalid"} 0)") !=
      std::string::npos);
}
