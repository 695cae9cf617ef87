// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/time.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>

namespace carpool::simulate {

/// `seconds` as a duration, rounded to the clock's resolution; at most thirty years, so that it can be added
/// up.
[[nodiscard]] inline duration from_seconds(double seconds) noexcept {
  return std::chrono::round<duration>(std::chrono::duration<double>(std::min(seconds, 1e9)));
}

[[nodiscard]] constexpr double to_seconds(duration time) noexcept {
  return std::chrono::duration<double>(time).count();
}

/// Draws that depend on the seed alone; the distributions of the standard library differ between
/// implementations.
class dice {
 public:
  explicit dice(std::uint64_t seed) : bits_(seed) {}

  /// Uniform in (0, 1].
  [[nodiscard]] double uniform() noexcept { return (static_cast<double>(bits_() >> 11) + 1) * 0x1p-53; }

  /// Exponentially distributed.
  [[nodiscard]] double exponential(double mean) noexcept { return -mean * std::log(uniform()); }

  /// Standard normal, by Box and Muller.
  [[nodiscard]] double normal() noexcept {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  std::mt19937_64 bits_;
};

}  // namespace carpool::simulate
