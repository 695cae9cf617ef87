// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/time.hpp>

#include <chrono>
#include <cmath>
#include <limits>
#include <optional>

namespace carpool::scheduling {

/// The times of the rules: milliseconds since the first event, in a double. Counted from there they are small
/// enough to keep nanoseconds for months.
struct timeline {
  static constexpr double infinite = std::numeric_limits<double>::infinity();

  std::optional<time_point> origin;

  /// `never` is infinite. Before the first event the answer is zero.
  [[nodiscard]] double milliseconds(time_point at) const noexcept {
    if (at == never) return infinite;
    if (!origin) return 0;
    const time_point shifted = saturating_add(at, -origin->time_since_epoch());
    return std::chrono::duration<double, std::milli>(shifted.time_since_epoch()).count();
  }

  /// Rounded up to the clock's next tick: who wakes then finds that the time has come.
  [[nodiscard]] time_point point(double milliseconds) const noexcept {
    const std::chrono::duration<double, std::milli> tick = duration{1};
    const duration since = saturating_cast(duration{1} * std::ceil(milliseconds / tick.count()));
    return saturating_add(origin.value_or(time_point{}), since);
  }
};

}  // namespace carpool::scheduling
