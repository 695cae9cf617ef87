// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/strict_json.hpp"

#include "embed_server/api_error.hpp"
#include "support/doctest.hpp"
#include "support/refusal_of.hpp"

#include <string>

using namespace embed_server;

namespace {

api_error refused(std::string_view body) {
  return carpool::test::refusal_of([&] { parse_strict(body); }, body);
}

std::string nested_lists(std::size_t depth) {
  return R"({"x":)" + std::string(depth, '[') + std::string(depth, ']') + '}';
}

// {"x":[0,0,...]}
std::string many_values(std::size_t count) {
  std::string list = "0";
  while (--count > 0) list += ",0";
  return R"({"x":[)" + list + "]}";
}

}  // namespace

TEST_CASE("H8: JSON that is deep, out of range, or not JSON is refused") {
  for (const std::string& body :
       {nested_lists(250'000), nested_lists(32), std::string(R"({"x":1e999})"),
        std::string(R"({"x":[{"y":-1e999}]})"), std::string("{\"x\":\"\xff\"}"), std::string("{\"\xff\":1}"),
        std::string(R"({"x":"\ud800"})"), std::string("\xef\xbb\xbf{}"), std::string("{} x"),
        std::string(R"({"x":1,})"), std::string("{'x':1}"), std::string("{\"x\":\"a\nb\"}"),
        std::string(R"({"x":NaN})"), std::string("// x\n{}"), std::string(), std::string("{")})
    CHECK(refused(body).kind() == problem::malformed);
}

TEST_CASE("what is wrong with the JSON is said, and where") {
  CHECK(std::string_view(refused(R"({"x" 1})").what()) ==
        "the body is not valid JSON: syntax error at byte 5");
  CHECK(std::string_view(refused(R"({"x":1e999})").what()) ==
        "the body is not valid JSON: a number is out of range");
  CHECK(std::string_view(refused("[]").what()) == "the body must be a JSON object");
  CHECK(refused("[]").kind() == problem::invalid);
}

TEST_CASE("H8: of equal keys the last one counts, and a NUL is part of its text") {
  CHECK(parse_strict(R"({"x":"a","x":"b"})").at("x").as_string() == "b");
  CHECK(parse_strict(R"({"x":"a\u0000b"})").at("x").as_string() == std::string_view("a\0b", 3));
}

TEST_CASE("H8: JSON that would take far more memory than its text is refused, long texts are not") {
  CHECK(parse_strict(many_values(10'000)).at("x").as_array().size() == 10'000);
  CHECK(std::string_view(refused(many_values(1'000'000)).what()) ==
        "the body is not valid JSON: it holds too many values");
  std::string lists = "0";
  while (lists.size() < 4'000'000) lists += ',' + std::string(30, '[') + std::string(30, ']');
  CHECK(std::string_view(refused(R"({"x":[)" + lists + "]}").what()) ==
        "the body is not valid JSON: it holds too many values");
  CHECK(parse_strict(many_values(262'144)).at("x").as_array().size() == 262'144);  // as /decode takes
  const std::string text(8'000'000, 'x');
  CHECK(parse_strict(R"({"x":")" + text + R"("})").at("x").as_string() == text);
}
