// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/text_request.hpp"

#include "cluster/wire_error.hpp"
#include "support/doctest.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

using namespace cluster;

namespace {

text_request sample() {
  return {.text = "share the ride",
          .deadline = wall_time{std::chrono::milliseconds{1'795'358'671'230}},
          .priority = -3,
          .key = 0xfedc'ba98'7654'3210,
          .truncate = false,
          .token_vectors = true,
          .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};
}

std::optional<wire_fault> fault_of(std::string_view payload) {
  try {
    parse_text_request(payload);
    return std::nullopt;
  } catch (const wire_error& error) {
    return error.fault();
  }
}

}  // namespace

TEST_CASE("a request arrives as it was sent") {
  CHECK(parse_text_request(encode(sample())) == sample());
  CHECK(parse_text_request(encode(text_request{})) == text_request{});
}

TEST_CASE("the bytes of a request are these, whatever program reads them") {
  const text_request small{.text = "ab", .deadline = wall_time{std::chrono::milliseconds{258}}, .key = 7};
  const std::string_view expected(
      "\x01\x01\x00"
      "\x07\0\0\0\0\0\0\0"
      "\x02\x01\0\0\0\0\0\0"
      "\x00"
      "\x02\0\0\0"
      "ab",
      26);
  CHECK(encode(small) == expected);
}

TEST_CASE("a request that is cut anywhere is malformed, and so is one with bytes behind it") {
  const std::string whole = encode(sample());
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK(fault_of(std::string_view{whole}.substr(0, size)) == wire_fault::malformed);
  CHECK(fault_of(whole + '\0') == wire_fault::malformed);
}

TEST_CASE("flags that this version does not know are malformed") {
  std::string payload = encode(sample());
  payload[1] = 4;
  CHECK(fault_of(payload) == wire_fault::malformed);
}

TEST_CASE("Q9: another version of a request is told apart from a malformed one") {
  CHECK(fault_of("\x02 whatever that version may say") == wire_fault::unknown_version);
  CHECK_THROWS_WITH_AS(parse_text_request("\x02"),
                       "the payload has version 2; this program understands version 1", wire_error);
}
