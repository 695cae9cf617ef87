// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/simulate/measurement.hpp>

#include <support/doctest.hpp>

namespace {

using namespace carpool;
using namespace std::chrono_literals;

}  // namespace

TEST_CASE("a measurement of nothing has lost nothing and waited for nothing") {
  const simulate::measurement none;
  CHECK(none.goodput() == 1.0);
  CHECK(none.mean_latency() == 0ms);
  CHECK(none.latency_quantile(0.99) == 0ms);
}

TEST_CASE("goodput is the share of the requests answered in time") {
  simulate::measurement seen;
  seen.arrived = 8;
  seen.on_time = 6;
  CHECK(seen.goodput() == 0.75);
}

TEST_CASE("who is not answered is not answered within any time") {
  simulate::measurement seen;
  CHECK(seen.answered_within(1ms) == 1.0);
  seen.arrived = 8;
  seen.latencies = {1ms, 2ms, 2ms, 3ms};
  CHECK(seen.answered_within(2ms) == 0.375);
  CHECK(seen.answered_within(duration::max()) == 0.5);
}

TEST_CASE("a quantile is the smallest latency that so many did not exceed") {
  simulate::measurement seen;
  seen.latencies = {1ms, 2ms, 3ms, 10ms};
  CHECK(seen.mean_latency() == 4ms);
  CHECK(seen.latency_quantile(0) == 1ms);
  CHECK(seen.latency_quantile(0.5) == 2ms);
  CHECK(seen.latency_quantile(0.51) == 3ms);
  CHECK(seen.latency_quantile(0.99) == 10ms);
  CHECK(seen.latency_quantile(1) == 10ms);
}
