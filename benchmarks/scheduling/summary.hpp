// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What a grid says about its policies.

#pragma once

#include "run_grid.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace bench {

/// How far a policy's goodput is below that of the best one in the cell.
inline double regret(const cell_result& result, std::size_t policy) {
  double best = 0;
  for (const score& each : result.scores) best = std::max(best, each.goodput);
  return best - result.scores[policy].goodput;
}

struct sample_summary {
  double mean = 0, p90 = 0, worst = 0;
  std::size_t count = 0;
};

inline sample_summary summarise(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += value;
  return {sum / static_cast<double>(values.size()), values[values.size() * 9 / 10], values.back(),
          values.size()};
}

/// `value(result)` of the results that match.
template <class Matches, class Value>
std::vector<double> collect(std::span<const cell_result> results, Matches matches, Value value) {
  std::vector<double> values;
  for (const cell_result& each : results)
    if (matches(each)) values.push_back(value(each));
  return values;
}

/// Which cells a summary is about.
struct cell_filter {
  bool independent = true;
  bool one_device = true;
  [[nodiscard]] bool operator()(const cell& c) const noexcept {
    return c.one_device ? one_device : independent;
  }
};

/// Regrets of a policy over the cells with a deadline.
inline sample_summary regrets(std::span<const cell_result> results, std::size_t policy,
                              cell_filter wanted = {}) {
  return summarise(collect(
      results, [&](const auto& each) { return each.where.has_deadline() && wanted(each.where); },
      [&](const auto& each) { return regret(each, policy); }));
}

/// Mean latency of a policy over that of another at loads up to 0.3, in cells where both answer all but 1 %.
inline sample_summary low_load_latency(std::span<const cell_result> results, std::size_t policy,
                                       std::size_t reference, cell_filter wanted = {}) {
  return summarise(collect(
      results,
      [&](const auto& each) {
        return each.where.load <= 0.3 && wanted(each.where) && each.scores[policy].answered > 0.99 &&
               each.scores[reference].answered > 0.99;
      },
      [&](const auto& each) { return each.scores[policy].mean / each.scores[reference].mean; }));
}

/// The same at all loads of the cells without a deadline, where all are answered.
inline sample_summary no_deadline_latency(std::span<const cell_result> results, std::size_t policy,
                                          std::size_t reference) {
  return summarise(collect(
      results, [](const auto& each) { return !each.where.has_deadline(); },
      [&](const auto& each) { return each.scores[policy].mean / each.scores[reference].mean; }));
}

/// Results in which a policy's goodput is more than `margin` below a reference's.
inline std::vector<const cell_result*> losses(std::span<const cell_result> results, std::size_t policy,
                                              std::size_t reference, double margin) {
  std::vector<const cell_result*> found;
  for (const cell_result& each : results)
    if (each.scores[policy].goodput < each.scores[reference].goodput - margin) found.push_back(&each);
  return found;
}

/// The cells of largest regret, the worst first.
inline std::vector<const cell_result*> worst_cells(std::span<const cell_result> results, std::size_t policy,
                                                   std::size_t count) {
  std::vector<const cell_result*> sorted;
  for (const cell_result& each : results) sorted.push_back(&each);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const auto* a, const auto* b) { return regret(*a, policy) > regret(*b, policy); });
  sorted.resize(std::min(count, sorted.size()));
  return sorted;
}

}  // namespace bench
