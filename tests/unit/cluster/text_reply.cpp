// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/text_reply.hpp"

#include "cluster/wire_error.hpp"
#include "support/doctest.hpp"

#include <string>
#include <string_view>

using namespace cluster;

TEST_CASE("a result and a failure arrive as they were sent") {
  const text_reply result = text_result{.values = {1.5F, -2, 0}, .tokens = 5};
  const text_reply failure = text_failure{failure_code::poisonous, "every worker died of it"};
  CHECK(parse_text_reply(encode(result)) == result);
  CHECK(parse_text_reply(encode(failure)) == failure);
  CHECK(parse_text_reply(encode(text_reply{})) == text_reply{});
}

TEST_CASE("the floats of a reply are raw and little-endian") {
  const text_reply reply = text_result{.values = {1.0F}, .tokens = 2};
  CHECK(encode(reply) == std::string_view("\x01\x00\x02\0\0\0\x01\0\0\0\x00\x00\x80\x3f", 14));
}

TEST_CASE("a reply that is cut anywhere is refused, and so is one with bytes behind it") {
  for (const text_reply& reply : {text_reply{text_result{{1, 2}, 3}}, text_reply{text_failure{{}, "no"}}}) {
    const std::string whole = encode(reply);
    for (std::size_t size = 0; size < whole.size(); ++size)
      CHECK_THROWS_AS(parse_text_reply(std::string_view{whole}.substr(0, size)), wire_error);
    CHECK_THROWS_AS(parse_text_reply(whole + '\0'), wire_error);
  }
}

TEST_CASE("a reply that promises more floats than there are allocates nothing for them") {
  const std::string_view four_billion("\x01\x00\x02\0\0\0\xff\xff\xff\xff\0\0\x80\x3f", 14);
  CHECK_THROWS_AS(parse_text_reply(four_billion), wire_error);
}

TEST_CASE("kinds, codes and versions that nobody knows are refused") {
  CHECK_THROWS_AS(parse_text_reply(std::string_view("\x01\x02", 2)), wire_error);
  CHECK_THROWS_AS(parse_text_reply(std::string_view("\x01\x01\x00\x00\x00", 5)), wire_error);
  CHECK_THROWS_AS(parse_text_reply(std::string_view("\x01\x01\x0a\x00\x00", 5)), wire_error);
  CHECK_THROWS_AS(parse_text_reply("\x02"), wire_error);
}

TEST_CASE("a long message is cut to what can travel") {
  const text_reply reply = text_failure{failure_code::too_long, std::string(70'000, 'x')};
  CHECK(std::get<text_failure>(parse_text_reply(encode(reply))).message.size() == 65'535);
}
