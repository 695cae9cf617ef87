// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/score_request.hpp"

#include "embed_server/api_error.hpp"
#include "support/doctest.hpp"
#include "support/refusal_of.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace embed_server;

namespace {

constexpr std::size_t max_inputs = 3;

using strings = std::vector<std::string>;
using firsts = std::vector<std::optional<std::string>>;

template <class Request>
api_error refused(Request (*parse)(std::string_view, std::size_t), std::string_view body) {
  return carpool::test::refusal_of([&] { parse(body, max_inputs); }, body);
}

predict_request predict(const std::string& inputs) {
  return parse_predict(R"({"inputs":)" + inputs + "}", max_inputs);
}

std::string predict_refusal(const std::string& inputs) {
  const api_error error = refused(parse_predict, R"({"inputs":)" + inputs + "}");
  CHECK(error.param() == "inputs");
  return error.what();
}

}  // namespace

TEST_CASE("a rerank request has a query and texts, and options that are off but for truncation") {
  const auto plain = parse_rerank(R"({"query":"q","texts":["a","b"]})", max_inputs);
  CHECK(plain.query == "q");
  CHECK(plain.texts == strings{"a", "b"});
  CHECK(name_of_text(plain, 1) == "texts[1]");
  CHECK_FALSE(plain.raw_scores);
  CHECK_FALSE(plain.return_text);
  CHECK(plain.truncate);
  const auto full =
      parse_rerank(R"({"query":"q","texts":["a"],"raw_scores":true,"return_text":true,"truncate":false,)"
                   R"("truncation_direction":"Right","model":"any"})",
                   max_inputs);
  CHECK(full.raw_scores);
  CHECK(full.return_text);
  CHECK_FALSE(full.truncate);
}

TEST_CASE("H9, H10: a rerank request that lacks something is refused, naming the field") {
  const auto param = [](std::string_view body) { return refused(parse_rerank, body).param(); };
  CHECK(param(R"({"texts":["a"]})") == "query");
  CHECK(param(R"({"query":null,"texts":["a"]})") == "query");
  CHECK(param(R"({"query":["q"],"texts":["a"]})") == "query");
  CHECK(param(R"({"query":"q"})") == "texts");
  CHECK(param(R"({"query":"q","texts":"a"})") == "texts");
  CHECK(param(R"({"query":"q","texts":["a"],"raw_scores":1})") == "raw_scores");
  CHECK(param(R"({"query":"q","texts":["a"],"return_text":"yes"})") == "return_text");
  CHECK(param(R"({"query":"q","texts":["a"],"truncation_direction":"left"})") == "truncation_direction");
  CHECK(refused(parse_rerank, R"({"query":"","texts":["a",""]})").kind() == problem::empty_input);
  CHECK(refused(parse_rerank, R"({"query":"q","texts":[]})").kind() == problem::empty_input);
  CHECK(std::string_view(refused(parse_rerank, R"({"query":"","texts":["a",""]})").what()) ==
        "query and texts[1] must not both be empty");
  CHECK(std::string_view(refused(parse_rerank, R"({"query":"q","texts":["a","b","c","d"]})").what()) ==
        "batch size 4 > maximum allowed batch size 3");
}

TEST_CASE("what is predicted is a text, a pair, or a list of both, which alone is answered with a list") {
  const auto text = predict(R"("a")");
  CHECK(text.texts == strings{"a"});
  CHECK(text.queries == firsts{std::nullopt});
  CHECK_FALSE(text.is_list);
  const auto listed = predict(R"(["a"])");
  CHECK(listed.texts == strings{"a"});
  CHECK(listed.queries == firsts{std::nullopt});
  CHECK_FALSE(listed.is_list);
  const auto pair = predict(R"(["a","b"])");
  CHECK(pair.texts == strings{"b"});
  CHECK(pair.queries == firsts{"a"});
  CHECK_FALSE(pair.is_list);
  const auto several = predict(R"([["a"],["b","c"],["d"]])");
  CHECK(several.texts == strings{"a", "c", "d"});
  CHECK(several.queries == firsts{std::nullopt, "b", std::nullopt});
  CHECK(several.is_list);
  CHECK(name_of_text(several, 1) == "inputs[1]");
  CHECK(predict(R"([["a"]])").is_list);
}

TEST_CASE("one text of a pair may be empty, and is of the pair") {
  CHECK(parse_rerank(R"({"query":"q","texts":["a",""]})", max_inputs).texts == strings{"a", ""});
  CHECK(parse_rerank(R"({"query":"","texts":["a"]})", max_inputs).query.empty());
  const auto second = predict(R"(["","b"])");
  CHECK(second.queries == firsts{""});
  CHECK(second.texts == strings{"b"});
  const auto first = predict(R"([["a",""]])");
  CHECK(first.queries == firsts{"a"});
  CHECK(first.texts == strings{""});
}

TEST_CASE("H9, H10: what is neither a text, nor a pair, nor a list of them is refused by name") {
  CHECK(predict_refusal("null").starts_with("inputs is required: a text, a pair of texts"));
  CHECK(predict_refusal("{}") == "inputs must be a string");
  CHECK(predict_refusal("[]") == "inputs must not be empty");
  CHECK(predict_refusal("[[]]") == "inputs[0] must not be empty");
  CHECK(predict_refusal(R"("")") == "inputs must not be empty");
  CHECK(predict_refusal(R"([""])") == "inputs[0] must not be empty");
  CHECK(predict_refusal(R"(["",""])") == "inputs[0] and inputs[1] must not both be empty");
  CHECK(predict_refusal(R"(["a","b","c"])").starts_with("inputs has 3 texts; inputs must be"));
  CHECK(predict_refusal(R"([["a"],["a","b","c"]])").starts_with("inputs[1] has 3 texts"));
  CHECK(predict_refusal(R"([["a"],["",""]])") == "inputs[1][0] and inputs[1][1] must not both be empty");
  CHECK(predict_refusal(R"([["a"],"b"])") == "inputs[1] must be a list, as inputs[0] is");
  CHECK(predict_refusal(R"(["a",["b"]])").starts_with("inputs[1] must be a string"));
  CHECK(predict_refusal("[1]").starts_with("inputs[0] must be a string"));
  CHECK(predict_refusal(R"([["a"],["b"],["c"],["d"]])") == "batch size 4 > maximum allowed batch size 3");
  const auto param = [](const std::string& member) {
    return refused(parse_predict, R"({"inputs":"a",)" + member + "}").param();
  };
  CHECK(param(R"("raw_scores":"no")") == "raw_scores");
  CHECK(param(R"("truncate":0)") == "truncate");
  CHECK(param(R"("truncation_direction":"left")") == "truncation_direction");
}
