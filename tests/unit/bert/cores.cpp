// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/cores.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <thread>

using namespace carpool::bert;

TEST_CASE("few cores are one lane's, but for one that is left to those who submit") {
  CHECK(share_cores(1) == core_shares{1, 1});
  CHECK(share_cores(2) == core_shares{1, 1});
  CHECK(share_cores(4) == core_shares{1, 3});
  CHECK(share_cores(8) == core_shares{1, 7});
}

TEST_CASE("many cores are shared by lanes of four to seven threads") {
  CHECK(share_cores(9) == core_shares{2, 4});
  CHECK(share_cores(16) == core_shares{3, 5});
  CHECK(share_cores(64) == core_shares{15, 4});
  for (std::size_t cores = 5; cores <= 512; ++cores) {
    const auto [lanes, threads] = share_cores(cores);
    CHECK(threads >= 4);
    CHECK(threads <= 7);
    CHECK(lanes * threads < cores);
    CHECK(cores - lanes * threads <= lanes);
  }
}

TEST_CASE("so many lanes as somebody asks for get the same shares, of a thread at least") {
  CHECK(threads_per_lane(16, 1) == 15);
  CHECK(threads_per_lane(16, 2) == 7);
  CHECK(threads_per_lane(16, 100) == 1);
  CHECK(threads_per_lane(1, 1) == 1);
}

TEST_CASE("there is a core to run on") {
  CHECK(core_count() >= 1);
  CHECK(core_count(0.5) == 1);
}

TEST_CASE("a quota of CPU time counts as so many cores, rounded up") {
  const std::size_t all = core_count(std::numeric_limits<double>::infinity());
  CHECK(all == std::max(1U, std::thread::hardware_concurrency()));
  CHECK(core_count(1.5) == std::min<std::size_t>(2, all));
  CHECK(core_count(1e9) == all);
}
