// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/tokenizer_request.hpp"

#include "embed_server/api_error.hpp"
#include "support/doctest.hpp"
#include "support/refusal_of.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace embed_server;

namespace {

constexpr std::size_t max_inputs = 3, max_tokens = 5;

decode_request decode(std::string_view body) { return parse_decode(body, max_inputs, max_tokens); }

template <class Parse>
api_error refused(Parse parse, std::string_view body) {
  return carpool::test::refusal_of([&] { parse(body); }, body);
}

using lists = std::vector<std::vector<std::int32_t>>;

}  // namespace

TEST_CASE("texts to tokenise are one or a list, with special tokens unless they are not wanted") {
  const auto one = parse_tokenize(R"({"inputs":"a b"})", max_inputs);
  CHECK(one.texts == std::vector<std::string>{"a b"});
  CHECK(one.add_special_tokens);
  const auto two = parse_tokenize(R"({"inputs":["a","b"],"add_special_tokens":false})", max_inputs);
  CHECK(two.texts == std::vector<std::string>{"a", "b"});
  CHECK(!two.add_special_tokens);
}

TEST_CASE("bad requests to tokenise name the field at fault") {
  const auto parse = [](std::string_view body) { parse_tokenize(body, max_inputs); };
  CHECK(refused(parse, R"({})").param() == "inputs");
  CHECK(refused(parse, R"({"inputs":[]})").kind() == problem::empty_input);
  CHECK(refused(parse, R"({"inputs":["a",""]})").kind() == problem::empty_input);
  CHECK(refused(parse, R"({"inputs":["a","b","c","d"]})").kind() == problem::invalid);
  CHECK(refused(parse, R"({"inputs":[[1]]})").param() == "inputs");
  CHECK(refused(parse, R"({"inputs":"a","add_special_tokens":1})").param() == "add_special_tokens");
  CHECK(refused(parse, R"({"inputs":"a","prompt_name":7})").param() == "prompt_name");
  CHECK(refused(parse, "[").kind() == problem::malformed);
}

TEST_CASE("ids to decode are one list or several") {
  CHECK(decode(R"({"ids":[1,2]})").ids == lists{{1, 2}});
  CHECK(!decode(R"({"ids":[1,2]})").is_list);
  CHECK(decode(R"({"ids":[1,2]})").skip_special_tokens);
  CHECK(decode(R"({"ids":[[1,2],[3]]})").ids == lists{{1, 2}, {3}});
  CHECK(decode(R"({"ids":[[1]]})").is_list);
  CHECK(!decode(R"({"ids":[0],"skip_special_tokens":false})").skip_special_tokens);
  CHECK(decode(R"({"ids":[2147483647]})").ids == lists{{2147483647}});
}

TEST_CASE("bad requests to decode name the list at fault") {
  CHECK(refused(decode, R"({})").param() == "ids");
  CHECK(refused(decode, R"({"ids":"1"})").param() == "ids");
  CHECK(refused(decode, R"({"ids":[]})").kind() == problem::empty_input);
  CHECK(refused(decode, R"({"ids":[[1],[]]})").what() == std::string("ids[1] must not be empty"));
  CHECK(refused(decode, R"({"ids":[[1],2]})").what() ==
        std::string("ids[1] must be a list of ids, as ids[0] is"));
  for (const char* bad : {"-1", "2147483648", "1.5", "1e3", "\"1\"", "null", "[1]", "18446744073709551615"}) {
    CAPTURE(bad);
    CHECK(refused(decode, R"({"ids":[1,)" + std::string(bad) + "]}").kind() == problem::invalid);
  }
  CHECK(refused(decode, R"({"ids":[1],"skip_special_tokens":"no"})").param() == "skip_special_tokens");
}

TEST_CASE("too many ids in one request are refused, and too many lists") {
  CHECK(decode(R"({"ids":[[1,2,3],[4,5]]})").ids.size() == 2);
  CHECK(refused(decode, R"({"ids":[[1,2,3],[4,5,6]]})").what() ==
        std::string("6 ids, 5 at most in one request"));
  CHECK(refused(decode, R"({"ids":[[1],[2],[3],[4]]})").kind() == problem::invalid);
}
