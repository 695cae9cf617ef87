// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Runs all policies on all cells, on one or several threads; what comes out does not depend on how many.

#pragma once

#include "../support/progress.hpp"
#include "cell.hpp"
#include "contenders.hpp"
#include <carpool/simulate/simulation.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <thread>
#include <vector>

namespace bench {

/// Of one policy in one cell, the mean over the seeds.
struct score {
  double goodput = 0;
  double answered = 0;  ///< share of the requests that were answered at all
  double mean = 0;      ///< latency of those answered, seconds
  double p99 = 0;       ///< seconds
  double mean_batch = 0;
  double events = 0;  ///< simulated, all seeds together
};

/// Scores of one cell, in the order of the contenders.
struct cell_result {
  cell where;
  std::vector<score> scores;
};

inline score run_policy(const cell& c, const carpool::simulate::trace& requests, std::uint64_t seed,
                        carpool::scheduling::any_policy policy) {
  namespace simulate = carpool::simulate;
  const auto seen = simulate::run(make_service(c, seed), simulate::replay(requests, c.deadline_duration()),
                                  std::move(policy));
  const double arrived = static_cast<double>(std::max<std::uint64_t>(seen.arrived, 1));
  return {.goodput = seen.goodput(),
          .answered = static_cast<double>(seen.latencies.size()) / arrived,
          .mean = simulate::to_seconds(seen.mean_latency()),
          .p99 = simulate::to_seconds(seen.latency_quantile(0.99)),
          .mean_batch = seen.counts.batch_size.mean(),
          .events = static_cast<double>(seen.events)};
}

inline void add(score& sum, const score& each, double weight) {
  sum.goodput += weight * each.goodput;
  sum.answered += weight * each.answered;
  sum.mean += weight * each.mean;
  sum.p99 += weight * each.p99;
  sum.mean_batch += weight * each.mean_batch;
  sum.events += each.events;
}

/// More requests in time, or as many and sooner.
inline bool is_better(const score& a, const score& b) {
  return a.goodput != b.goodput ? a.goodput > b.goodput : a.mean < b.mean;
}

inline cell_result run_cell(const cell& c, std::span<const contender> contenders,
                            std::span<const std::uint64_t> seeds) {
  std::vector<carpool::simulate::trace> traces;
  for (const auto seed : seeds) traces.push_back(make_trace(c, seed));
  cell_result result{c, {}};
  for (const contender& each : contenders) {
    std::vector<score> variants(each.variants.size());
    for (std::size_t v = 0; v < variants.size(); ++v)
      for (std::size_t s = 0; s < seeds.size(); ++s)
        add(variants[v], run_policy(c, traces[s], seeds[s], each.variants[v](c)),
            1 / static_cast<double>(seeds.size()));
    double events = 0;
    for (const score& variant : variants) events += variant.events;
    result.scores.push_back(*std::min_element(variants.begin(), variants.end(), is_better));
    result.scores.back().events = events;
  }
  return result;
}

inline std::vector<cell_result> run_grid(std::span<const cell> grid, std::span<const contender> contenders,
                                         std::span<const std::uint64_t> seeds, std::size_t jobs) {
  std::vector<cell_result> results(grid.size());
  std::atomic<std::size_t> next{0}, done{0};
  const auto work = [&] {
    for (std::size_t i; (i = next++) < grid.size();) {
      results[i] = run_cell(grid[i], contenders, seeds);
      show_progress("cell", ++done, grid.size());
    }
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < jobs; ++i) others.emplace_back(work);
  work();
  others.clear();
  return results;
}

}  // namespace bench
