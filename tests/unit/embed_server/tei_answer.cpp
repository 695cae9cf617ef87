// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/tei_answer.hpp"

#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "test_server.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace embed_server;
using namespace carpool::test;
using namespace std::chrono_literals;

TEST_CASE("similarities are the cosines of the last embedding with the others") {
  const std::vector<embedding> embeddings{{1, 0}, {0.6F, 0.8F}, {0, 1}};
  CHECK(tei_similarities(embeddings) == "[0,0.8]");
}

TEST_CASE("the effort of an answer is told in characters, tokens and milliseconds") {
  const std::vector<std::string> texts{"gr\u00fc\u00df", "ab"};
  served_model model;
  response answer;
  add_effort(answer, model, count_characters(texts), 9, {1500us, 20ms});
  CHECK(answer["x-compute-type"] == "cpu");
  CHECK(answer["x-compute-characters"] == "6");
  CHECK(answer["x-compute-tokens"] == "9");
  CHECK(answer["x-tokenization-time"] == "1");
  CHECK(answer["x-total-time"] == "20");
  CHECK(answer["x-compute-time"] == "20");
}

TEST_CASE("TEI's clients find health, information and similarity where they look for them") {
  test_server server;
  http_client client(server.port());
  for (const char* path : {"/", "/ping"}) {
    const auto answer = client.ask(get(path));
    CHECK(answer.status == 200);
    CHECK(answer.body == "");
  }
  const std::string info = client.ask(get("/info")).body;
  CHECK(info.starts_with(R"({"model_id":"fake","model_sha":null,"model_dtype":"float32")"));
  CHECK(info.find(R"("model_type":{"embedding":{"pooling":"mean"}})") != info.npos);
  CHECK(info.find(R"("max_input_length":1000)") != info.npos);
  const auto same =
      client.ask(post_json("/similarity", R"({"inputs":{"source_sentence":"a","sentences":["a","b"]}})"));
  CHECK(same.status == 200);
  CHECK(same.body == "[18820,19014]");  // the fake model's vectors are not of length 1
  const auto long_text =
      client.ask(post_json("/similarity", R"({"inputs":{"source_sentence":")" + std::string(1001, 'a') +
                                              R"(","sentences":["a"]},"parameters":{"truncate":false}})"));
  CHECK(long_text.status == 422);
  CHECK(long_text.body.find("source_sentence: ") != long_text.body.npos);
  server.fail_device();
  server.fail_device();
  CHECK(client.ask(get("/ping")).status == 503);
}

TEST_CASE("what takes a model that is not to be had here is refused") {
  test_server server;
  const auto answer = http_client(server.port()).ask(post_json("/embed_sparse", "{}"));
  CHECK(answer.status == 424);
  CHECK(answer.body == R"({"error":"that takes a model of another kind than fake","error_type":"Backend"})");
}

TEST_CASE("answers with embeddings tell what they took, each family in its own headers") {
  test_server server;
  http_client client(server.port());
  const auto tei = client.ask(post_json("/embed", R"({"inputs":["ab","c"]})"));
  CHECK(tei.field("x-compute-characters") == "3");
  CHECK(tei.field("x-compute-tokens") == "3");
  CHECK(client.ask(post_json("/v1/embeddings", R"({"input":"a"})")).field("openai-processing-ms") != "");
}
