// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// One lane against somebody who knows everything beforehand: how much of what is possible is reached?

#pragma once

#include "clairvoyant.hpp"
#include "grid.hpp"
#include "run_grid.hpp"
#include "summary.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <span>
#include <vector>

namespace bench {

/// Cells with one lane and without noise, of so many requests that the exact optimum is found quickly. The
/// policies have learnt in the warm-up, and a pause lets both sides begin with nothing to do.
inline std::vector<cell> bounded_cells(double requests) {
  std::vector<cell> cells;
  for (cell c : make_grid({})) {
    c.noisy = false;
    c.pause = c.deadline + c.seconds(static_cast<double>(c.max_batch_size));
    c.batch_times = requests / c.rate() / c.seconds(1);
    if (c.lanes == 1 && c.has_deadline() && c.load >= 0.3) cells.push_back(c);
  }
  return cells;
}

/// Share of a cell's measured requests that can be answered in time at most. `reached` is what somebody
/// reached; it limits the search.
inline double best_goodput(const cell& c, std::uint64_t seed, double reached) {
  const auto trace = make_trace(c, seed);
  const auto from = measured_from(c);
  const auto first =
      std::find_if(trace.begin(), trace.end(), [&](const auto& each) { return each.at >= from; });
  const std::span measured(first, trace.end());
  if (measured.empty()) return 1;
  const double count = static_cast<double>(measured.size());
  const auto most = static_cast<std::size_t>(std::ceil((1 - reached) * count));
  const one_lane lane{c.per_batch, c.per_request, c.max_batch_size, c.deadline};
  return 1 - static_cast<double>(fewest_late(measured, lane, most)) / count;
}

inline void print_bounds(std::span<const contender> contenders, double requests, std::size_t jobs) {
  constexpr std::uint64_t seed[] = {1};
  const auto results = run_grid(bounded_cells(requests), contenders, seed, jobs);
  std::vector<std::vector<double>> below(contenders.size());
  const cell* worst = nullptr;
  for (const cell_result& each : results) {
    double reached = 0;
    for (const score& s : each.scores) reached = std::max(reached, s.goodput);
    const double best = best_goodput(each.where, seed[0], reached);
    for (std::size_t i = 0; i < contenders.size(); ++i) below[i].push_back(best - each.scores[i].goodput);
    if (below[0].back() == *std::max_element(below[0].begin(), below[0].end())) worst = &each.where;
  }
  std::printf("\none lane without noise, %zu cells\n%-28s %8s %8s %8s\n", results.size(),
              "goodput below the optimum", "mean", "p90", "worst");
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const auto found = summarise(below[i]);
    std::printf("%-28s %8.4f %8.4f %8.4f\n", contenders[i].name.c_str(), found.mean, found.p90, found.worst);
  }
  if (worst != nullptr)
    std::printf("worst for %s: %s\n", contenders[0].name.c_str(), to_string(*worst).c_str());
}

}  // namespace bench
