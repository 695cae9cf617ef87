// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/judgement.hpp"

#include "support/doctest.hpp"

#include <chrono>

using namespace cluster;
using action = judgement::action;

namespace {

constexpr wall_time noon{std::chrono::hours{12}};

delivery delivered(const text_request& request) { return {.entry = "1-0", .payload = encode(request)}; }

}  // namespace

TEST_CASE("a text is run until its deadline, and not from then on") {
  const auto received = delivered({.text = "a", .deadline = noon});
  const auto before = judge(received, true, noon - std::chrono::milliseconds{1});
  CHECK(before.what == action::run);
  CHECK(before.request.text == "a");
  const auto after = judge(received, true, noon);
  CHECK(after.what == action::finish);
  CHECK(after.failure.code == failure_code::expired);
}

TEST_CASE("Q6: what was tried too often is rejected as poisonous") {
  auto received = delivered({.text = "a", .deadline = noon});
  received.times = 4;
  const auto found = judge(received, false, wall_time{});
  CHECK(found.what == action::reject);
  CHECK(found.failure.code == failure_code::poisonous);
  CHECK(found.failure.message.find("each of the 3 workers") != std::string::npos);
}

TEST_CASE("Q9: a malformed entry and one of another version are rejected with a sentence") {
  for (const char* payload : {"", "\x01what", "\x02"}) {
    const auto found = judge({.entry = "1-0", .payload = payload}, true, wall_time{});
    CHECK(found.what == action::reject);
    CHECK(found.failure.code == failure_code::unreadable);
    CHECK_FALSE(found.failure.message.empty());
  }
}
