// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <algorithm>
#include <cmath>

namespace carpool::scheduling {

/// Requests per millisecond, averaged with a memory that fades over a horizon. Plain data.
struct arrival_rate {
  double per_horizon = 1 / 5.0;  ///< 1 / horizon in ms
  double count = 0;              ///< faded arrivals / horizon
  double time = 0;               ///< faded time / horizon; 1 after some horizons

  /// An arrival this long after the one before. Runs for every request, so short gaps, the many ones, do
  /// without exp().
  void add(double gap) noexcept {
    if (gap == 0) {  // the usual case where callers come back together
      count += per_horizon;
      return;
    }
    const double y = gap * per_horizon;
    const double faded = y < 0.01 ? y * (1 - y / 2 * (1 - y / 3)) : -std::expm1(-y);
    count += per_horizon - count * faded;
    time += faded - time * faded;
  }

  /// Zero until a twentieth of the horizon has been seen.
  [[nodiscard]] double value() const noexcept { return time > 0.05 ? count / time : 0; }

  /// The same when nobody has come for so long since the last arrival.
  [[nodiscard]] double value_after(double silence) const noexcept {
    arrival_rate later = *this;
    later.add(silence);
    later.count = std::max(0.0, later.count - per_horizon);  // no rounding error is a rate
    return later.value();
  }
};

}  // namespace carpool::scheduling
