// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/ledger.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <chrono>
#include <vector>

using namespace carpool::scheduling;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

/// The queue times of a batch whose members arrived at these times and left at 10 ms.
carpool::duration_histogram queue_times(const std::vector<carpool::duration>& arrivals, bool in_order) {
  std::vector<waiting_request> members;
  for (const auto arrival : arrivals) members.push_back(waiting(members.size(), at(arrival)));
  ledger book;
  book.departed(members, in_order, at(10ms));
  carpool::stats s;
  book.report(s);
  return s.queue_time;
}

}  // namespace

TEST_CASE("each member's time in the queue is recorded, also of those that arrived together") {
  for (const bool in_order : {false, true}) {
    const auto together = queue_times({4ms, 4ms, 4ms}, in_order);
    CHECK(together.count() == 3);
    CHECK(together.sum() == 18'000'000);
    const auto apart = queue_times({1ms, 1ms, 4ms, 10ms}, in_order);
    CHECK(apart.count() == 4);
    CHECK(apart.sum() == 24'000'000);
  }
  const auto mixed = queue_times({4ms, 1ms, 4ms}, false);
  CHECK(mixed.count() == 3);
  CHECK(mixed.sum() == 21'000'000);
}
