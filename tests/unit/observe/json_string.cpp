// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/observe/json_string.hpp>

#include <support/doctest.hpp>

using carpool::json_string;
using namespace std::string_literals;

TEST_CASE("a text goes between quotation marks") {
  CHECK(json_string("") == R"("")");
  CHECK(json_string("plain, é") == "\"plain, é\"");
}

TEST_CASE("what would end the string or is no printable character is escaped") {
  CHECK(json_string(R"(a "b" \c)") == R"("a \"b\" \\c")");
  CHECK(json_string("a\n\t\x1f\0b"s.substr(0, 6)) == R"("a\u000a\u0009\u001f\u0000b")");
}
