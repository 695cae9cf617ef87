// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/arrival_rate.hpp>
#include <carpool/scheduling/recent_peak.hpp>

#include <support/doctest.hpp>

#include <cmath>

using namespace carpool::scheduling;
using doctest::Approx;

TEST_CASE("R1: an even stream is counted right, with a short and with a long memory") {
  arrival_rate fast{.per_horizon = 1 / (4 * 5.2)}, slow{.per_horizon = 1 / (16 * 4 * 5.2)};
  for (int i = 0; i < 40; ++i) {
    fast.add(0.5);
    slow.add(0.5);
  }
  CHECK(fast.value() == Approx(2.0241).epsilon(0.00003));
  CHECK(slow.value() == Approx(2.0015).epsilon(0.00003));
}

TEST_CASE("nothing is said about a rate before a twentieth of its horizon") {
  arrival_rate rate{.per_horizon = 0.1};
  rate.add(0.4);
  CHECK(rate.value() == 0);
  rate.add(0.2);
  CHECK(rate.value() > 1);
}

TEST_CASE("short gaps are faded as exactly as long ones") {
  arrival_rate fine{.per_horizon = 0.01}, coarse{.per_horizon = 0.01};
  coarse.add(100);
  for (int i = 0; i < 1000; ++i) fine.add(0.1);
  CHECK(fine.time == Approx(coarse.time).epsilon(1e-6));
}

TEST_CASE("requests that come at one time raise the rate, and a long silence leaves one in a horizon") {
  arrival_rate rate{.per_horizon = 0.1};
  rate.add(10);
  const double before = rate.value();
  for (int i = 0; i < 100; ++i) rate.add(0);
  CHECK(rate.value() > 10 * before);
  rate.add(1e9);
  CHECK(rate.value() == Approx(0.1));
}

TEST_CASE("a rate falls while nobody comes") {
  arrival_rate rate{.per_horizon = 0.1, .count = 3, .time = 1};
  CHECK(rate.value_after(0) == Approx(3));
  CHECK(rate.value_after(10) == Approx(3 * std::exp(-1)));
  CHECK(rate.value_after(1e9) == Approx(0));
}

TEST_CASE("a rate is never negative, not even by rounding") {
  for (double horizon = 5; horizon < 100; horizon *= 1.1) {
    arrival_rate rate{.per_horizon = 1 / horizon};
    for (double gap = 0.1; gap < 10; gap *= 1.3) rate.add(gap);
    for (double silence = 1; silence < 1e12; silence *= 3) REQUIRE(rate.value_after(silence) >= 0);
  }
}

TEST_CASE("a peak lasts for a second or until a higher one") {
  recent_peak peak;
  peak.add(5, 0);
  peak.add(3, 1000);
  CHECK(peak.value == 5);
  peak.add(6, 1000);
  CHECK(peak.value == 6);
  peak.add(1, 2001);
  CHECK(peak.value == 1);
}
