// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

namespace carpool::scheduling {

/// The largest value of about the last second. Plain data.
struct recent_peak {
  double value = 0;
  double since = 0;  ///< ms

  void add(double candidate, double now) noexcept {
    if (candidate < value && now - since <= 1000) return;
    value = candidate;
    since = now;
  }
};

}  // namespace carpool::scheduling
