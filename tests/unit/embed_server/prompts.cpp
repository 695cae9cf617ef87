// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/prompts.hpp"

#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/temporary_folder.hpp"
#include "test_server.hpp"
#include <carpool/bert/error.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace carpool::test;

namespace {

http_answer ask(const char* path, std::string_view body, const std::string& folder = "1") {
  test_server server{{}, {}, {}, folder};
  return http_client(server.port()).ask(post_json(path, body));
}

}  // namespace

TEST_CASE("a request's prompt is put before each of its texts") {
  test_server server;
  http_client client(server.port());
  const auto answer = client.ask(post_json("/embed", R"({"inputs":["ab","c"],"prompt_name":"query"})"));
  CHECK(answer.body == "[[5,113,98,1],[4,113,99,1]]");
  CHECK(answer.field("x-compute-characters") == "3");  // of the texts that were sent, as TEI counts
  CHECK(answer.field("x-compute-tokens") == "9");
  client.ask(post_json("/embed", R"({"text":"ab","prompt_name":"title"})"));
  client.ask(post_json("/embed", R"({"inputs":"d","prompt_name":null})"));
  client.ask(post_json("/", R"({"inputs":"e","prompt_name":"query"})"));
  client.ask(post_json("/embed_all", R"({"inputs":"f","prompt_name":"query"})"));
  client.ask(post_json("/similarity", R"({"inputs":{"source_sentence":"g","sentences":["h"]},)"
                                      R"("parameters":{"prompt_name":"title"}})"));
  CHECK(server.texts_in_order() ==
        std::vector<std::string>{"q: ab", "q: c", "t: ab", "d", "q: e", "q: f", "t: h", "t: g"});
}

TEST_CASE("the tokens of a prompt are told with those of the text, of which it has become a part") {
  CHECK(ask("/tokenize", R"({"inputs":"a","prompt_name":"title","add_special_tokens":false})").body ==
        ask("/tokenize", R"({"inputs":"t: a","add_special_tokens":false})").body);
}

TEST_CASE("a prompt that the model does not have is refused, with the names of those that it has") {
  const auto refused = ask("/embed", R"({"inputs":"a","prompt_name":"document"})");
  CHECK(refused.status == 422);
  CHECK(refused.body ==
        R"({"error":"prompt_name must be one of \"query\", \"title\"","error_type":"Validation"})");
  CHECK(ask("/embed_all", R"({"inputs":"a","prompt_name":""})").status == 422);
  CHECK(ask("/tokenize", R"({"inputs":"a","prompt_name":"document"})").status == 422);
  CHECK(ask("/tokenize", R"({"inputs":"a","prompt_name":"query"})", "reranker").body ==
        R"({"error":"prompt_name must be null: fake has no prompts","error_type":"Validation"})");
}

TEST_CASE("a model's prompts are those that its folder has for sentence-transformers") {
  const temporary_folder folder;
  using prompts = std::map<std::string, std::string>;
  CHECK(embed_server::read_prompts(folder.path()).empty());
  folder.write("config_sentence_transformers.json", R"({"similarity_fn_name": "cosine"})");
  CHECK(embed_server::read_prompts(folder.path()).empty());
  folder.write("config_sentence_transformers.json",
               R"({"prompts": {"query": "q: ", "passage": "", "none": null}})");
  CHECK(embed_server::read_prompts(folder.path()) == prompts{{"passage", ""}, {"query", "q: "}});
  folder.write("config_sentence_transformers.json", R"({"prompts": {"query": 7}})");
  try {
    embed_server::read_prompts(folder.path());
    FAIL_CHECK("accepted");
  } catch (const carpool::bert::load_error& error) {
    CHECK(std::string(error.what())
              .ends_with(
                  "config_sentence_transformers.json: prompts: query must be a string, but is a number"));
  }
}

TEST_CASE("a model that leaves prompts out of its pooling is served without them") {
  const temporary_folder folder;
  folder.write("config_sentence_transformers.json", R"({"prompts": {"query": "q: "}})");
  folder.write("modules.json", R"([{"type": "sentence_transformers.models.Transformer", "path": ""},)"
                               R"( {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}])");
  folder.write("1_Pooling/config.json", R"({"pooling_mode_mean_tokens": true})");
  CHECK(embed_server::read_prompts(folder.path()).size() == 1);
  folder.write("1_Pooling/config.json", R"({"pooling_mode_mean_tokens": true, "include_prompt": false})");
  CHECK(embed_server::read_prompts(folder.path()).empty());
}
