// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>

namespace carpool::test {

/// All chance of a simulation, so that one number reproduces it.
class dice {
 public:
  explicit dice(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
  [[nodiscard]] bool chance(unsigned percent) { return below(100) < percent; }
  [[nodiscard]] duration milliseconds_below(std::size_t limit) {
    return static_cast<int>(below(2 * limit)) * std::chrono::microseconds{500};
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace carpool::test
