// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/embed_request.hpp"

#include "embed_server/api_error.hpp"
#include "support/doctest.hpp"
#include "support/refusal_of.hpp"

using namespace embed_server;

namespace {

constexpr std::size_t max_inputs = 4;

api_error refused(embed_request (*parse)(std::string_view, std::size_t), std::string_view body) {
  return carpool::test::refusal_of([&] { parse(body, max_inputs); }, body);
}

bool mentions(const api_error& error, std::string_view word) {
  return std::string_view(error.what()).find(word) != std::string_view::npos;
}

}  // namespace

TEST_CASE("the tutorial's form is one text and answers with an object") {
  const auto request = parse_embed(R"({"text":"share the ride"})", max_inputs);
  CHECK(request.form == answer_form::object);
  CHECK(request.texts == std::vector<std::string>{"share the ride"});
  CHECK(name_of_text(request, 0) == "text");
}

TEST_CASE("TEI's form is a text or a list and answers with lists") {
  const auto one = parse_embed(R"({"inputs":"a","truncate":null,"normalize":true})", max_inputs);
  CHECK(one.form == answer_form::lists);
  CHECK(one.texts == std::vector<std::string>{"a"});
  CHECK(one.truncate);
  CHECK(name_of_text(one, 0) == "inputs");
  const auto several =
      parse_embed(R"({"inputs":["a","b"],"truncate":false,"dimensions":8,"unknown":{}})", max_inputs);
  CHECK(several.texts == std::vector<std::string>{"a", "b"});
  CHECK(!several.truncate);
  CHECK(several.dimensions == 8);
  CHECK(name_of_text(several, 1) == "inputs[1]");
}

TEST_CASE("OpenAI's form takes any model name, both encodings and unknown fields") {
  const auto floats =
      parse_openai(R"({"model":"text-embedding-ada-002","input":"a","user":"u"})", max_inputs);
  CHECK(floats.form == answer_form::openai_floats);
  CHECK(floats.texts == std::vector<std::string>{"a"});
  const auto base64 =
      parse_openai(R"({"input":["a","b"],"encoding_format":"base64","dimensions":2})", max_inputs);
  CHECK(base64.form == answer_form::openai_base64);
  CHECK(base64.texts.size() == 2);
  CHECK(base64.dimensions == 2);
}

TEST_CASE("H9: what is not a text or a list of texts is refused, naming the field") {
  for (const auto* body : {"{}", R"({"input":null})", R"({"input":{}})", R"({"input":true})",
                           R"({"input":[null]})", R"({"input":["a",{}]})"}) {
    const auto error = refused(parse_openai, body);
    CHECK(error.kind() == problem::invalid);
    CHECK(error.param() == "input");
    CHECK(mentions(error, "input"));
  }
  for (const auto* body : {"[]", "\"a\"", "123", "null"}) {
    CHECK(refused(parse_openai, body).kind() == problem::invalid);
    CHECK(refused(parse_embed, body).kind() == problem::invalid);
  }
  CHECK(refused(parse_embed, "{}").param() == "inputs");
  CHECK(mentions(refused(parse_embed, R"({"inputs":["a",true]})"), "inputs[1]"));
}

TEST_CASE("H9: an empty text or list is refused, naming the element") {
  for (const auto* body : {R"({"input":""})", R"({"input":[]})", R"({"input":["a",""]})"}) {
    const auto error = refused(parse_openai, body);
    CHECK(error.kind() == problem::empty_input);
    CHECK(error.param() == "input");
  }
  CHECK(std::string_view(refused(parse_openai, R"({"input":["a",""]})").what()) ==
        "input[1] must not be empty");
  CHECK(refused(parse_embed, R"({"text":""})").param() == "text");
}

TEST_CASE("H10: as many inputs as allowed pass, one more is refused") {
  CHECK(parse_openai(R"({"input":["a","b","c","d"]})", max_inputs).texts.size() == 4);
  const auto error = refused(parse_embed, R"({"inputs":["a","b","c","d","e"]})");
  CHECK(error.kind() == problem::invalid);
  CHECK(std::string_view(error.what()) == "batch size 5 > maximum allowed batch size 4");
}

TEST_CASE("H11: token ids are refused with a hint") {
  for (const auto* body : {R"({"input":[1,2]})", R"({"input":[[1,2]]})", R"({"input":7})"}) {
    const auto error = refused(parse_openai, body);
    CHECK(error.kind() == problem::invalid);
    CHECK(mentions(error, "check_embedding_ctx_length=False"));
  }
}

TEST_CASE("options of a wrong type or value are refused by name") {
  const auto param = [](std::string_view member) {
    return refused(parse_embed, R"({"inputs":"a",)" + std::string(member) + "}").param();
  };
  CHECK(param(R"("truncate":"yes")") == "truncate");
  CHECK(param(R"("dimensions":0)") == "dimensions");
  CHECK(param(R"("dimensions":1.5)") == "dimensions");
  CHECK(param(R"("dimensions":"8")") == "dimensions");
  CHECK(param(R"("normalize":1)") == "normalize");
  CHECK(param(R"("prompt_name":7)") == "prompt_name");
  CHECK(param(R"("truncation_direction":"left")") == "truncation_direction");
  CHECK(param(R"("text":"b")") == "text");
  CHECK(refused(parse_openai, R"({"input":"a","encoding_format":"hex"})").param() == "encoding_format");
  CHECK(refused(parse_openai, R"({"input":"a","model":7})").param() == "model");
}

TEST_CASE("a similarity request has a source and sentences, of which errors name the right one") {
  const auto request = parse_similarity(
      R"({"inputs":{"source_sentence":"s","sentences":["a","b"]},"parameters":{"truncate":false}})", 3);
  CHECK(request.texts == std::vector<std::string>{"a", "b", "s"});
  CHECK_FALSE(request.truncate);
  CHECK(name_of_text(request, 1) == "sentences[1]");
  CHECK(name_of_text(request, 2) == "source_sentence");
  for (
      const char* bad :
      {"{}", R"({"inputs":"a"})", R"({"inputs":{"sentences":["a"]}})",
       R"({"inputs":{"source_sentence":"s"}})", R"({"inputs":{"source_sentence":"s","sentences":[]}})",
       R"({"inputs":{"source_sentence":"","sentences":["a"]}})",
       R"({"inputs":{"source_sentence":"s","sentences":["a","b","c"]}})",
       R"({"inputs":{"source_sentence":"s","sentences":["a"]},"parameters":1})",
       R"({"inputs":{"source_sentence":"s","sentences":["a"]},"parameters":{"truncation_direction":"left"}})",
       R"({"inputs":{"source_sentence":"s","sentences":["a"]},"parameters":{"prompt_name":7}})"})
    CHECK_THROWS_AS(parse_similarity(bad, 3), api_error);
}
