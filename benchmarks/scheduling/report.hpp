// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The grid's findings as tables.

#pragma once

#include "contenders.hpp"
#include "summary.hpp"

#include <cstddef>
#include <cstdio>
#include <span>

namespace bench {

inline void print_regrets(std::span<const cell_result> results, std::span<const contender> contenders) {
  std::printf("\n%-28s %26s %26s\n%-28s %8s %8s %8s %8s %8s %8s\n", "goodput below the best",
              "independent lanes", "lanes on one device", "", "mean", "p90", "worst", "mean", "p90", "worst");
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const auto apart = regrets(results, i, false), shared = regrets(results, i, true);
    std::printf("%-28s %8.4f %8.4f %8.4f %8.4f %8.4f %8.4f\n", contenders[i].name.c_str(), apart.mean,
                apart.p90, apart.worst, shared.mean, shared.p90, shared.worst);
  }
}

inline void print_cell(const cell_result& result, std::size_t policy) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < result.scores.size(); ++i)
    if (result.scores[i].goodput > result.scores[best].goodput) best = i;
  std::printf("  %.4f below %.4f  %s\n", regret(result, policy), result.scores[best].goodput,
              to_string(result.where).c_str());
}

inline void print_report(std::span<const cell_result> results, std::span<const contender> contenders) {
  std::printf("%zu cells\n", results.size());
  print_regrets(results, contenders);
  std::printf("\nmean latency at loads up to 0.3, over that of eager\n");
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const auto ratio = low_load_latency(results, i, 1);
    std::printf("%-28s mean %.3f, p90 %.3f, worst %.3f in %zu cells\n", contenders[i].name.c_str(),
                ratio.mean, ratio.p90, ratio.worst, ratio.count);
  }
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    std::printf("\n%s\n", contenders[i].name.c_str());
    for (const auto* each : worst_cells(results, i, 5)) print_cell(*each, i);
  }
}

}  // namespace bench
