// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The most requests that one lane can answer in time, for somebody who knows all arrivals and costs
// beforehand. Exact where all have the same time limit S and a batch of m takes a + b*m seconds: then some
// best schedule serves in order of arrival, in batches of neighbours. For if an earlier batch has request j
// and a later one i < j, they can change places (i has arrived, and j may end as late); and if a member of a
// batch is older than a request that is given up, that one can take its place. So the state is how many
// requests are decided upon and how many of them were given up, and what counts is how early the lane is
// free.

#pragma once

#include <carpool/simulate/traffic.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace bench {

struct one_lane {
  double per_batch = 0;    ///< seconds
  double per_request = 0;  ///< seconds
  std::size_t max_batch_size = 1;
  double deadline = 0;  ///< seconds from the arrival on
};

/// Fewest requests that must be given up, up to `most`; the lane is free from the first arrival on. Takes
/// O(arrivals * most * max_batch_size) steps.
inline std::size_t fewest_late(std::span<const carpool::simulate::arrival> arrivals, const one_lane& lane,
                               std::size_t most) {
  constexpr double unreachable = std::numeric_limits<double>::infinity();
  const std::size_t n = arrivals.size(), rows = lane.max_batch_size + 1;
  const auto at = [&](std::size_t i) {
    return carpool::simulate::to_seconds(arrivals[i].at - carpool::time_point{});
  };
  // free_at[i % rows][d]: when the lane is free at the earliest once i are decided upon, d of them given up.
  std::vector<std::vector<double>> free_at(rows, std::vector<double>(most + 1, unreachable));
  free_at[0][0] = 0;
  for (std::size_t i = 0; i < n; ++i) {
    auto& here = free_at[i % rows];
    auto& skipped = free_at[(i + 1) % rows];
    for (std::size_t d = 0; d <= most; ++d) {
      if (here[d] == unreachable) continue;
      if (d < most) skipped[d + 1] = std::min(skipped[d + 1], here[d]);
      for (std::size_t m = 1; m <= lane.max_batch_size && i + m <= n; ++m) {
        const double end =
            std::max(here[d], at(i + m - 1)) + lane.per_batch + lane.per_request * static_cast<double>(m);
        if (end > at(i) + lane.deadline) break;
        double& next = free_at[(i + m) % rows][d];
        next = std::min(next, end);
      }
    }
    std::fill(here.begin(), here.end(), unreachable);
  }
  const auto& done = free_at[n % rows];
  const auto fewest = std::find_if(done.begin(), done.end(), [](double time) { return time < unreachable; });
  return static_cast<std::size_t>(fewest - done.begin());
}

}  // namespace bench
