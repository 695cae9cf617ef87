// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What a batch costs. A request's work is a number in a unit of the user's (tokens, pixels, rows; 1 if
// nothing says otherwise); a batch_work function tells what requests of such works cost as one batch.

#pragma once

#include <algorithm>
#include <numeric>
#include <span>

namespace carpool {

/// The cost of a batch from the works of its members, at least one. Pure; must not throw, nor decrease when a
/// member joins. The batcher calls it under its lock.
using batch_work = double (*)(std::span<const double> works);

/// The sum: every request costs what it costs alone. For models that run packed, without padding.
[[nodiscard]] inline double total_work(std::span<const double> works) {
  return std::accumulate(works.begin(), works.end(), 0.0);
}

/// Members times the largest: every request is padded to the longest one.
[[nodiscard]] inline double padded_work(std::span<const double> works) {
  return works.empty() ? 0.0
                       : static_cast<double>(works.size()) * *std::max_element(works.begin(), works.end());
}

}  // namespace carpool
