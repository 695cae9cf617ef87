// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Three services over all loads, drawn: goodput and mean latency per policy.

#pragma once

#include "../support/plot_lines.hpp"
#include "contenders.hpp"
#include "run_grid.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace bench {

/// A service that is drawn; its load varies.
struct swept_service {
  std::string file;
  std::string title;
  cell service;
};

inline std::vector<swept_service> swept_services() {
  const cell one_lane{.per_batch = 0.006, .per_request = 0.00015, .max_batch_size = 64, .deadline = 0.030};
  auto four_lanes = one_lane;
  four_lanes.lanes = 4;
  auto one_device = four_lanes;
  one_device.one_device = true;
  const std::string text = ", 6 + 0.15 n ms, n up to 64, deadline 30 ms, Poisson";
  return {{"one_lane", "One lane" + text, one_lane},
          {"four_lanes", "Four lanes" + text, four_lanes},
          {"one_device", "Four lanes on one device" + text, one_device}};
}

/// The same service at loads from 0.05 to 1.5.
inline std::vector<cell> over_loads(cell service, double requests) {
  std::vector<cell> cells;
  for (int i = 1; i <= 30; ++i) {
    service.load = 0.05 * i;
    service.batch_times = std::clamp(requests / service.rate() / service.seconds(1), 300.0, 3000.0);
    cells.push_back(service);
  }
  return cells;
}

/// One line per contender: `value(score)` over the load.
template <class Value>
std::vector<line> lines_of(std::span<const cell_result> results, std::span<const contender> contenders,
                           Value value) {
  std::vector<line> lines;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    line drawn{contenders[i].name, {}, i == 0};
    for (const cell_result& each : results) drawn.points.emplace_back(each.where.load, value(each.scores[i]));
    lines.push_back(drawn);
  }
  return lines;
}

/// Draws goodput_NAME.svg and latency_NAME.svg of every service into a folder.
inline void draw_sweeps(const std::string& folder, std::span<const contender> contenders,
                        std::span<const std::uint64_t> seeds, std::size_t jobs) {
  for (const auto& [file, title, service] : swept_services()) {
    const auto results = run_grid(over_loads(service, 60'000), contenders, seeds, jobs);
    const auto goodput = lines_of(results, contenders, [](const score& s) { return s.goodput; });
    const auto latency = lines_of(results, contenders, [](const score& s) {
      return s.goodput < 0.5 ? std::numeric_limits<double>::quiet_NaN() : 1e3 * s.mean;
    });
    line_plot({title, "load", "share of the requests answered in time", goodput})
        .write(folder + "/goodput_" + file + ".svg");
    line_plot({title, "load", "mean latency in ms, where half or more are answered in time", latency})
        .write(folder + "/latency_" + file + ".svg");
  }
}

}  // namespace bench
