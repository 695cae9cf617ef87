// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The cells: every combination of costs, lanes, deadline, traffic and load below.

#pragma once

#include "cell.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace bench {

struct grid_size {
  double batch_times = 3000;  ///< measured part of a cell...
  double requests = 60'000;   ///< ...cut short at about so many requests
  std::size_t every = 1;      ///< takes every n-th cell
};

inline std::vector<cell> make_grid(const grid_size& wanted) {
  struct cost {
    double per_batch, per_request;
    std::size_t max_batch_size;
  };
  struct place {
    std::size_t lanes;
    bool one_device;
  };
  const cost costs[] = {{0.001, 0.00002, 48}, {0.003, 0.0012, 16}, {0.008, 0.0006, 32}, {0.020, 0.00025, 96}};
  const place places[] = {{1, false}, {3, false}, {6, false}, {2, true}, {4, true}};
  const double deadlines[] = {2.5, 6, 14, no_deadline};  // in times that one request takes alone
  const traffic_kind kinds[] = {traffic_kind::poisson, traffic_kind::bursty, traffic_kind::fan_out};
  const double loads[] = {0.05, 0.3, 0.6, 0.85, 1.05, 1.4};

  std::vector<cell> grid;
  std::size_t count = 0;
  for (const auto& [per_batch, per_request, most] : costs)
    for (const auto& [lanes, one_device] : places)
      for (const double deadline : deadlines)
        for (const traffic_kind kind : kinds)
          for (const double load : loads) {
            if (deadline == no_deadline && load > 0.9) continue;  // the queue would grow for ever
            if (count++ % wanted.every != 0) continue;
            cell c{per_batch, per_request, most, lanes, one_device, deadline * (per_batch + per_request),
                   kind,      load};
            c.batch_times = std::clamp(wanted.requests / c.rate() / c.seconds(1), 300.0, wanted.batch_times);
            grid.push_back(c);
          }
  return grid;
}

}  // namespace bench
