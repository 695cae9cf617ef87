// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/traffic.hpp>

#include <algorithm>
#include <cstddef>

namespace carpool::scheduling {

/// How many batches to keep running at a time. Lanes that share a device slow each other down: beyond some
/// number another batch makes all of them later and carries no more. Of the numbers that carry the load this
/// is the one with the least mean latency; if none does, the one that carries most.
[[nodiscard]] inline std::size_t in_flight_limit(const traffic& load, std::size_t lanes) noexcept {
  const cost_model& cost = load.cost;
  if (lanes <= 1) return 1;
  if (cost.batches < 6) return 1;  // batches that run alone show their own time, the base of all the rest
  if (cost.interference < 0.05) return lanes;
  std::size_t best = 0, strongest = 1;
  double least_latency = 0, most_carried = 0;
  for (std::size_t i = 1; i <= lanes; ++i) {
    const auto c = static_cast<double>(i);
    const double carried = load.capacity(c);
    if (carried > 1.05 * most_carried) {  // a larger number must be worth it
      most_carried = carried;
      strongest = i;
    }
    const double idle_share = 1 - load.rate * load.time_each() * cost.slowdown(c) / c;
    if (load.rate > 0.95 * carried || idle_share <= 0.02) continue;
    const double latency =
        std::max(cost.fixed * cost.slowdown(c) / idle_share * (1 + 0.5 / c), load.batch_time(1));
    if (best > 0 && latency >= 0.98 * least_latency) continue;
    least_latency = latency;
    best = i;
  }
  return best > 0 ? best : strongest;
}

}  // namespace carpool::scheduling
