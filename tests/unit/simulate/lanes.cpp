// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/simulate/lanes.hpp>

#include <support/doctest.hpp>

#include <cstddef>
#include <limits>
#include <vector>

namespace {

using namespace carpool;
using namespace std::chrono_literals;

constexpr time_point start{};

simulate::lane_model affine() { return {.per_batch = 0.010, .per_work = 0.002}; }

}  // namespace

TEST_CASE("a batch alone takes its fixed time and the time of its work") {
  simulate::lanes lanes(affine(), 1, 1);
  CHECK(lanes.next_end() == never);
  lanes.start(0, 5, start + 1ms);
  CHECK(lanes.next_end() == start + 21ms);
  lanes.finish(lanes.next_end());
  CHECK(lanes.next_end() == never);
  CHECK(lanes.busy_seconds() == doctest::Approx(0.020));
}

TEST_CASE("independent lanes do not slow each other down") {
  simulate::lanes lanes(affine(), 2, 1);
  lanes.start(lanes.free_lane(), 5, start);
  CHECK(lanes.free_lane() == 1);
  lanes.start(1, 0, start + 4ms);
  CHECK(lanes.next_lane() == 1);
  CHECK(lanes.next_end() == start + 14ms);
  lanes.finish(start + 14ms);
  CHECK(lanes.next_lane() == 0);
  CHECK(lanes.next_end() == start + 20ms);
}

TEST_CASE("lanes on one device share its speed evenly while several run") {
  auto shared = affine();
  shared.device_speed = 1;
  simulate::lanes lanes(shared, 2, 1);
  lanes.start(0, 5, start);
  lanes.start(1, 5, start + 10ms);  // the first has 10 ms left, the second 20 ms
  CHECK(lanes.next_lane() == 0);
  CHECK(lanes.next_end() == start + 30ms);
  lanes.finish(start + 30ms);
  CHECK(lanes.next_end() == start + 40ms);
}

TEST_CASE("a device that gains from several batches finishes them earlier") {
  auto shared = affine();
  shared.device_speed = 1.25;
  simulate::lanes lanes(shared, 2, 1);
  lanes.start(0, 0, start);
  lanes.start(1, 0, start);
  CHECK(lanes.next_end() == start + 16ms);
}

TEST_CASE("lanes that hinder each other slow down no batch that runs alone") {
  auto hindered = affine();
  hindered.device_speed = 0.8;
  simulate::lanes lanes(hindered, 2, 1);
  lanes.start(0, 0, start);
  CHECK(lanes.next_end() == start + 10ms);
  lanes.start(1, 0, start);
  CHECK(lanes.next_end() == start + 25ms);
}

TEST_CASE("batches that start after the drift take longer") {
  auto drifting = affine();
  drifting.drift_at = start + 10ms;
  drifting.drift = 1.5;
  simulate::lanes lanes(drifting, 2, 1);
  lanes.start(0, 0, start + 9ms);
  lanes.start(1, 0, start + 10ms);
  CHECK(lanes.next_end() == start + 19ms);
  lanes.finish(lanes.next_end());
  CHECK(lanes.next_end() == start + 25ms);
}

TEST_CASE("noise keeps the median time, and a stall multiplies it") {
  auto noisy = affine();
  noisy.spread = 0.1;
  std::size_t longer = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    simulate::lanes lanes(noisy, 1, seed);
    lanes.start(0, 0, start);
    longer += lanes.next_end() > start + 10ms;
  }
  CHECK(longer > 450);
  CHECK(longer < 550);

  auto stalling = affine();
  stalling.stall_chance = 1;
  stalling.stall_factor = 3;
  simulate::lanes lanes(stalling, 1, 1);
  lanes.start(0, 0, start);
  CHECK(lanes.next_end() == start + 30ms);
}

TEST_CASE("a lane is not free while it has a batch, however long that takes, and the clock has an end") {
  for (const double work : {1e300, std::numeric_limits<double>::infinity()}) {
    CAPTURE(work);
    simulate::lanes lanes(affine(), 2, 1);
    lanes.start(0, work, start);
    CHECK(lanes.next_end() > start + 24h * 365);
    CHECK(lanes.free_lane() == 1);
    lanes.finish(lanes.next_end());
    lanes.start(0, work, time_point::max() - 1h);
    CHECK(lanes.next_end() == never);
  }
}
