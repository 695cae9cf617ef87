// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "chaos/verdict.hpp"

#include "support/doctest.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using chaos::fault_window;
using chaos::http_exchange;

namespace {

std::chrono::steady_clock::time_point at(std::chrono::milliseconds when) {
  return std::chrono::steady_clock::time_point{} + 1h + when;
}

http_exchange exchange(unsigned status, bool patient = true) {
  return {.sent = at(0s),
          .answered = at(status == 504 ? 10s : 1s),
          .deadline = 10s,
          .patient = patient,
          .status = status,
          .own = status == 200};
}

fault_window fault(chaos::effects may, std::chrono::milliseconds begin = 0s,
                   std::chrono::milliseconds end = 1s) {
  return {.name = "a fault", .may = may, .begin = at(begin), .end = at(end)};
}

bool right(const http_exchange& exchange, const std::vector<fault_window>& windows = {}) {
  return chaos::what_is_wrong(exchange, windows).empty();
}

constexpr chaos::effects none{}, refuses{.refuses = true}, loses{.refuses = true, .loses = true};

}  // namespace

TEST_CASE("a caller's own vector is right at any time, and somebody else's never") {
  CHECK(right(exchange(200)));
  auto other = exchange(200);
  other.own = false;
  CHECK_FALSE(right(other, {fault(loses)}));
}

TEST_CASE("503 is right only while Redis is out of reach, and 429 only while there is a fault") {
  CHECK_FALSE(right(exchange(503)));
  CHECK_FALSE(right(exchange(503), {fault(none)}));
  CHECK(right(exchange(503), {fault(refuses)}));
  CHECK_FALSE(right(exchange(429)));
  CHECK(right(exchange(429), {fault(none)}));
}

TEST_CASE("a fault of one gateway's link is no reason for another gateway to refuse with 503") {
  const std::vector<fault_window> windows{fault({.refuses = true, .gateway = 1})};
  auto refused = exchange(503);
  refused.gateway = 1;
  CHECK(right(refused, windows));
  refused.gateway = 0;
  CHECK_FALSE(right(refused, windows));
}

TEST_CASE("504 is right at the deadline, for a patient caller only if texts were lost") {
  CHECK(right(exchange(504, false)));
  CHECK_FALSE(right(exchange(504), {fault(refuses)}));
  CHECK(right(exchange(504), {fault(loses)}));
  auto early = exchange(504, false);
  early.answered -= 1ms;
  CHECK_FALSE(right(early, {fault(loses)}));
}

TEST_CASE("a fault excuses who was there at the same time, or right afterwards") {
  CHECK_FALSE(right(exchange(503), {fault(refuses, 1001ms, 2s)}));
  CHECK(right(exchange(503), {fault(refuses, 1000ms, 2s)}));
  CHECK(right(exchange(503), {fault(refuses, -9s, -chaos::aftermath)}));
  CHECK_FALSE(right(exchange(503), {fault(refuses, -9s, -chaos::aftermath - 1ms)}));
  fault_window lasting = fault(refuses, -9s);
  lasting.end = fault_window{}.end;
  CHECK(right(exchange(503), {lasting}));
}

TEST_CASE("no answer, another status and an answer that is much too late are wrong whatever happens") {
  CHECK_FALSE(right(exchange(0), {fault(loses)}));
  CHECK_FALSE(right(exchange(424), {fault(loses)}));
  auto late = exchange(200);
  late.answered = at(10s + chaos::slack);
  CHECK(right(late));
  late.answered += 1ms;
  CHECK_FALSE(right(late, {fault(loses)}));
}
