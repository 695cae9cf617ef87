// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Thousands of random services under a virtual clock. A failure names its seed; to run that one alone:
//   CARPOOL_SIMULATION_SEED=1234 build/debug/tests/simulation
// and to try more of them, CARPOOL_SIMULATION_SEEDS=100000.

#include <simulation/simulated_service.hpp>
#include <support/doctest.hpp>

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace {

constexpr int steps = 150;

#ifdef NDEBUG
constexpr std::uint64_t seeds = 10'000;
#else
constexpr std::uint64_t seeds = 1'500;  // with sanitizers and assertions each takes so much longer
#endif

std::uint64_t wanted_seeds() {
  const char* wanted = std::getenv("CARPOOL_SIMULATION_SEEDS");
  return wanted == nullptr ? seeds : std::stoull(wanted);
}

std::string outcome_of(std::uint64_t seed) try {
  return carpool::test::simulated_service(seed).run(steps);
} catch (const std::logic_error& endless) {
  return endless.what();
}

}  // namespace

TEST_CASE("random services keep every rule") {
  if (const char* seed = std::getenv("CARPOOL_SIMULATION_SEED")) {
    CHECK(outcome_of(std::stoull(seed)) == "");
    return;
  }
  const std::uint64_t last = wanted_seeds();
  int failures = 0;
  for (std::uint64_t seed = 1; seed <= last && failures < 5; ++seed) {
    const std::string broken = outcome_of(seed);
    if (broken.empty()) continue;
    ++failures;
    CHECK_MESSAGE(broken.empty(), "CARPOOL_SIMULATION_SEED=", seed, ": ", broken);
  }
  CHECK(failures == 0);
}
