// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/embed_answer.hpp"

#include "embed_server/api_error.hpp"
#include "support/doctest.hpp"

#include <cfloat>
#include <charconv>
#include <cmath>
#include <limits>

using namespace embed_server;

namespace {

std::string written(answer_form form, std::initializer_list<embedding> embeddings, std::size_t tokens = 0) {
  answer_writer writer{form, "m"};
  for (const auto& values : embeddings) writer.append(values);
  return writer.finish(tokens);
}

std::string numbers(const embedding& values) {
  std::string out;
  append_numbers(out, values);
  return out;
}

std::string base64(const embedding& values) {
  std::string out;
  append_base64(out, values);
  return out;
}

}  // namespace

TEST_CASE("each form of answer is written as its clients read it") {
  CHECK(written(answer_form::object, {{0.5f, -1.0f}}) == R"({"embedding":[0.5,-1]})");
  CHECK(written(answer_form::lists, {{0.5f}}) == "[[0.5]]");
  CHECK(written(answer_form::lists, {{0.5f}, {2.0f}}) == "[[0.5],[2]]");
  CHECK(
      written(answer_form::openai_floats, {{0.5f}, {2.0f}}, 7) ==
      R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]},)"
      R"({"object":"embedding","index":1,"embedding":[2]}],"model":"m","usage":{"prompt_tokens":7,"total_tokens":7}})");
  CHECK(written(answer_form::openai_base64, {{0.5f, 0.25f, -1.0f}}, 3) ==
        R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":"AAAAPwAAgD4AAIC/"}],)"
        R"("model":"m","usage":{"prompt_tokens":3,"total_tokens":3}})");
}

TEST_CASE("a model's name is escaped") {
  answer_writer writer{answer_form::openai_floats, "a\"b"};
  CHECK(writer.finish(0).find(R"("model":"a\"b")") != std::string::npos);
}

TEST_CASE("numbers read back as the same floats") {
  const embedding values{0.1f,
                         -0.0f,
                         1.0f / 3,
                         FLT_MAX,
                         -FLT_MAX,
                         FLT_MIN,
                         -std::numeric_limits<float>::denorm_min(),
                         1.17549435e-38f,
                         16777216.0f,
                         -1234567840000000.0f};
  const std::string text = numbers(values);
  const char* at = text.data() + 1;
  for (const float value : values) {
    float read = 0;
    at = std::from_chars(at, text.data() + text.size(), read).ptr + 1;
    CHECK(read == value);
    CHECK(std::signbit(read) == std::signbit(value));
  }
  CHECK(numbers({}) == "[]");
}

TEST_CASE("base64 is padded to whole groups, whatever stands before it") {
  CHECK(base64({}) == "");
  CHECK(base64({0.5f}) == "AAAAPw==");
  CHECK(base64({0.5f, 0.25f}) == "AAAAPwAAgD4=");
  CHECK(base64({0.5f, 0.25f, -1.0f}) == "AAAAPwAAgD4AAIC/");
  std::string out = "x";
  append_base64(out, embedding{0.5f});
  CHECK(out == "xAAAAPw==");
}

TEST_CASE("B8: a value that is not finite is the model's fault, in every form") {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const auto form :
         {answer_form::object, answer_form::lists, answer_form::openai_floats, answer_form::openai_base64}) {
      answer_writer writer{form, "m"};
      CHECK_THROWS_AS(writer.append(embedding{1.0f, bad}), api_error);
    }
  }
}

TEST_CASE("an embedding is scaled to length 1, unless it is zero") {
  embedding values{3, 4};
  scale_to_unit(values);
  CHECK(values == embedding{0.6f, 0.8f});
  embedding zeros{0, 0};
  scale_to_unit(zeros);
  CHECK(zeros == embedding{0, 0});
}

TEST_CASE("the vectors of tokens are pooled to their mean, or to that of the first") {
  const embedding tokens{1, 2, 3, 6, 5, 1};
  CHECK(pool_tokens(tokens, 2, true) == embedding{3, 3});
  CHECK(pool_tokens(tokens, 2, false) == embedding{1, 2});
}
