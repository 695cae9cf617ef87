// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/timeline.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;
using namespace std::chrono_literals;

TEST_CASE("times are milliseconds since the origin, there and back") {
  const timeline time{at(0ms)};
  CHECK(time.milliseconds(at(1500us)) == 1.5);
  CHECK(time.milliseconds(at(-1ms)) == -1);
  CHECK(time.point(1.5) == at(1500us));
  for (const auto since : {1ns, 7ns, 123'456'789ns, duration(100h) + 1ns})
    CHECK(time.point(time.milliseconds(at(since))) - at(since) <= 1ns);
}

TEST_CASE("a time between two ticks is the later one") {
  const timeline time{at(0ms)};
  CHECK(time.point(1.5e-6) == at(2ns));
}

TEST_CASE("never and times too far away are infinite and never") {
  const timeline time{at(0ms)};
  CHECK(time.milliseconds(never) == timeline::infinite);
  CHECK(time.point(timeline::infinite) == never);
  CHECK(time.point(1e300) == never);
  CHECK(time.milliseconds(never - 1ns) > 1e12);
  const timeline early{time_point::min() + 1h};
  CHECK(early.milliseconds(never - 1ns) > 1e12);
}

TEST_CASE("before the first event every time is zero") { CHECK(timeline{}.milliseconds(at(5ms)) == 0); }
