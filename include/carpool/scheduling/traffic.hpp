// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/cost_model.hpp>

#include <algorithm>
#include <limits>

namespace carpool::scheduling {

/// What comes in and what it costs: the ground that the rules for several lanes stand on. Plain data; m
/// counts requests, c running batches, times are in ms.
struct traffic {
  const cost_model& cost;
  double work_each = 1;                                    ///< work per request
  double slack = std::numeric_limits<double>::infinity();  ///< a request's time until its deadline
  double rate = 0;                                         ///< requests per ms
  double slow_rate = 0;                                    ///< the same over a longer time
  double most = 1;  ///< requests of the usual work in the largest batch that may leave

  [[nodiscard]] double time_each() const noexcept { return cost.per_work * work_each; }
  [[nodiscard]] double batch_time(double m, double c = 1) const noexcept {
    return cost.time(m * work_each, c);
  }

  /// The largest batch that takes no longer than this; negative if none does.
  [[nodiscard]] double batch_within(double time, double c) const noexcept {
    return (time / cost.slowdown(c) - cost.fixed) / std::max(1e-9, time_each());
  }

  /// Requests per ms that c lanes carry without breaking deadlines: a request may have to wait for the next
  /// of c evenly spaced departures, and then for its own batch, so 1 + 1/c batch times must fit into the
  /// slack.
  [[nodiscard]] double capacity(double c) const noexcept {
    const double fits = time_each() > 0 ? batch_within(slack / (1 + 1 / c), c) : most;
    const double m = std::max(1.0, std::min(most, fits));
    return c * m / batch_time(m, c);
  }

  /// The batch size at which c lanes, departing evenly spaced, keep up with the arrivals: the fixed point of
  /// m = rate * batch_time(m, c) / c, within what deadlines allow.
  [[nodiscard]] double spaced_batch(double c) const noexcept {
    const double slowdown = cost.slowdown(c);
    const double spare = c - rate * time_each() * slowdown;
    const double wanted = spare > 1e-3 ? rate * cost.fixed * slowdown / spare : 1e9;
    double fits = most;
    if (time_each() > 0) fits = std::min(fits, batch_within(0.95 * slack / (1 + 1 / c), c));
    return std::min(wanted, std::max(1.0, fits));
  }
};

}  // namespace carpool::scheduling
