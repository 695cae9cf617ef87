// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

namespace carpool::scheduling {

/// A quantile of a stream, found by small steps in proportion: up by `q` of a step, down by `1 - q`, and
/// never past the sample, so that equal samples give exactly their value. Needs no memory and no sorting,
/// forgets, and one odd sample moves it by 5 % at most. Infinite until the first sample. Plain data.
struct running_quantile {
  double q = 0.5;
  double value = std::numeric_limits<double>::infinity();

  void add(double sample) noexcept {
    constexpr double step = 0.05;
    if (sample < value && value < std::numeric_limits<double>::infinity())
      value = std::max(sample, value * (1 - step * (1 - q)));
    else
      value = value < sample ? std::min(sample, value * (1 + step * q)) : sample;
  }
};

/// How much time requests come with until their deadlines, learnt from those that have one. Plain data.
struct slack {
  running_quantile tight{.q = 0.1};  ///< what batches are planned for, ms
  running_quantile loose{.q = 0.9};  ///< whether deadlines can be met at all, ms
  std::size_t without = 0;           ///< requests without a deadline in a row

  /// A request without a deadline.
  void add_without() noexcept {
    if (++without == 1000) *this = {};  // nobody has one any more
  }

  /// A request with `time` ms until its deadline, infinite without one; `shortest` is what a request takes
  /// alone. Most must be planned for, so a low quantile; but times that nobody could meet would spoil the
  /// plan for the others, and only when nearly all are such (the high quantile) are deadlines out of reach.
  void add(double time, double shortest) noexcept {
    if (time == std::numeric_limits<double>::infinity()) return add_without();
    without = 0;
    const double positive = std::max(time, 1e-6);
    loose.add(positive);
    if (positive > shortest) tight.add(positive);
  }
};

}  // namespace carpool::scheduling
