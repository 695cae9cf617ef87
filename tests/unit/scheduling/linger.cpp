// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/linger.hpp>

#include <support/decision_scene.hpp>
#include <support/doctest.hpp>
#include <support/waiting.hpp>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;

namespace {

/// One lane: every 7 ms a request meets it idle and others follow.
struct fan_out {
  adaptive policy{[] {
    decision_scene s;
    s.slack(50);
    s.state.peak.value = 1e9;
    s.state.peak.since = 1e9;
    return s.state;
  }()};
  limits bounds{64, {}, 1};
  double start = 1000;

  action arrival_meets_idle_lane(const wait_queue& queue) {
    policy.on_arrival(queue[0]);
    return policy.decide(queue[0].arrival, queue_view(queue, bounds, false), 1);
  }

  /// Whether the first request leaves at once; the others follow while it runs.
  bool epoch(std::initializer_list<double> followers) {
    start += 7;
    wait_queue queue;
    join(queue, {.arrival = at_ms(start), .deadline = at_ms(start + 50)});
    const bool at_once = std::holds_alternative<dispatch>(arrival_meets_idle_lane(queue));
    for (const double after : followers)
      policy.on_arrival({.arrival = at_ms(start + after), .deadline = at_ms(start + after + 50)});
    policy.on_removed(1 + followers.size(), at_ms(start + 6));
    return at_once;
  }
};

}  // namespace

TEST_CASE("G1: after sixteen bursts that a short wait would have caught, it waits for the next one") {
  fan_out traffic;
  for (int i = 0; i < 40; ++i) CHECK(traffic.epoch({0.04, 0.08, 0.12, 0.16, 0.2, 0.24, 0.28}) == (i < 16));
  wait_queue queue;
  join(queue, {.arrival = at_ms(1300), .deadline = at_ms(1350)});
  const auto wanted = traffic.arrival_meets_idle_lane(queue);
  REQUIRE(std::holds_alternative<wait_until>(wanted));
  CHECK(std::get<wait_until>(wanted).when - at_ms(1300) == std::chrono::nanoseconds(312'500));
}

TEST_CASE("followers that come too late for any wait, or not at all, are not waited for") {
  fan_out late, alone;
  for (int i = 0; i < 40; ++i) {
    CHECK(late.epoch({2.6, 3, 3.4, 3.8, 4.2, 4.6, 5}));
    CHECK(alone.epoch({}));
  }
}
