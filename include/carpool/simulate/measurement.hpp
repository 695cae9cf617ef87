// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/stats.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace carpool::simulate {

/// What a simulated service did. The first three and the latencies are of the requests that arrived after
/// the warm-up.
struct measurement {
  std::uint64_t arrived = 0;
  std::uint64_t on_time = 0;        ///< answered before their deadline
  std::vector<duration> latencies;  ///< of those answered, ascending, from arrival to answer

  stats counts;              ///< of all, warm-up included
  duration length{};         ///< of the simulation
  double utilisation = 0;    ///< share of the lanes' time in which they were busy
  std::uint64_t events = 0;  ///< arrivals, ends of batches and timers

  /// Share of the requests that were answered in time.
  [[nodiscard]] double goodput() const noexcept {
    return arrived == 0 ? 1.0 : static_cast<double>(on_time) / static_cast<double>(arrived);
  }

  /// Share of the requests that were answered within `limit` of their arrival.
  [[nodiscard]] double answered_within(duration limit) const noexcept {
    const auto within = std::upper_bound(latencies.begin(), latencies.end(), limit) - latencies.begin();
    return arrived == 0 ? 1.0 : static_cast<double>(within) / static_cast<double>(arrived);
  }

  /// Zero when nothing was answered.
  [[nodiscard]] duration mean_latency() const noexcept {
    if (latencies.empty()) return duration::zero();
    return std::accumulate(latencies.begin(), latencies.end(), duration::zero()) /
           static_cast<duration::rep>(latencies.size());
  }

  /// The smallest latency that the share `q` (0 to 1) of those answered did not exceed.
  [[nodiscard]] duration latency_quantile(double q) const noexcept {
    if (latencies.empty()) return duration::zero();
    const auto rank = std::ceil(q * static_cast<double>(latencies.size()));
    return latencies[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
  }
};

}  // namespace carpool::simulate
