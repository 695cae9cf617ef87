// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The grid's findings as tables, and whether they meet the goals.

#pragma once

#include "contenders.hpp"
#include "summary.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string_view>

namespace bench {

/// Where the contender of this name is; there must be one.
inline std::size_t index_of(std::span<const contender> contenders, std::string_view name) {
  const auto found = std::find_if(contenders.begin(), contenders.end(),
                                  [&](const contender& each) { return each.name == name; });
  return static_cast<std::size_t>(found - contenders.begin());
}

inline constexpr cell_filter independent{true, false}, on_one_device{false, true};

inline void print_summary(const char* format, const sample_summary& shown) {
  for (const double value : {shown.mean, shown.p90, shown.worst}) std::printf(format, value);
}

inline void print_regrets(std::span<const cell_result> results, std::span<const contender> contenders) {
  std::printf("\n%-28s %26s %26s\n%-28s %8s %8s %8s %8s %8s %8s\n", "goodput below the cell's best",
              "independent lanes", "lanes on one device", "", "mean", "p90", "worst", "mean", "p90", "worst");
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    std::printf("%-28s", contenders[i].name.c_str());
    for (const auto& wanted : {independent, on_one_device})
      print_summary(" %8.4f", regrets(results, i, wanted));
    std::printf("\n");
  }
}

inline void print_latencies(std::span<const cell_result> results, std::span<const contender> contenders) {
  const std::size_t eager = index_of(contenders, "eager");
  std::printf("\n%-28s %26s %26s %26s\n%-28s %8s %8s %8s %8s %8s %8s %8s %8s %8s\n",
              "mean latency over eager's", "load <= 0.3, independent", "load <= 0.3, one device",
              "no deadline, load <= 0.85", "", "mean", "p90", "worst", "mean", "p90", "worst", "mean", "p90",
              "worst");
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    std::printf("%-28s", contenders[i].name.c_str());
    for (const auto& wanted : {independent, on_one_device})
      print_summary(" %8.3f", low_load_latency(results, i, eager, wanted));
    print_summary(" %8.3f", no_deadline_latency(results, i, eager));
    std::printf("\n");
  }
}

inline void print_cell(const cell_result& result, std::span<const contender> contenders, std::size_t policy) {
  const auto best = std::max_element(result.scores.begin(), result.scores.end(),
                                     [](const score& a, const score& b) { return a.goodput < b.goodput; });
  std::printf("  %.4f, %s %.4f: %s\n", result.scores[policy].goodput,
              contenders[static_cast<std::size_t>(best - result.scores.begin())].name.c_str(), best->goodput,
              to_string(result.where).c_str());
}

/// What adaptive is held to.
struct goals {
  double mean_regret = 0.002;
  double low_load_latency = 1.02;  ///< over eager's, mean over the cells with independent lanes
  double worst_loss = 0.01;        ///< of goodput in any cell, against size_or_timeout
};

/// Prints the tables; whether all goals are met.
inline bool report(std::span<const cell_result> results, std::span<const contender> contenders,
                   const goals& wanted) {
  const std::size_t subject = 0, eager = index_of(contenders, "eager"),
                    textbook = index_of(contenders, "size or timeout, 5 ms"),
                    tuned = index_of(contenders, "size or timeout, best delay");
  print_regrets(results, contenders);
  print_latencies(results, contenders);
  std::printf("\nworst cells of %s: its goodput, and the best\n", contenders[subject].name.c_str());
  for (const auto* each : worst_cells(results, subject, 12)) print_cell(*each, contenders, subject);

  const double mean_regret = regrets(results, subject).mean;
  const double latency = low_load_latency(results, subject, eager, independent).mean;
  const auto lost = losses(results, subject, textbook, wanted.worst_loss);
  const auto lost_to_tuned = losses(results, subject, tuned, wanted.worst_loss);
  std::printf("\nmean regret of goodput %.5f (goal: at most %g)\n", mean_regret, wanted.mean_regret);
  std::printf("mean latency at loads up to 0.3 over eager's %.4f (goal: at most %g)\n", latency,
              wanted.low_load_latency);
  std::printf(
      "cells more than %g below size or timeout: %zu with 5 ms (goal: none), %zu with the best delay\n",
      wanted.worst_loss, lost.size(), lost_to_tuned.size());
  for (const auto* each : lost_to_tuned) print_cell(*each, contenders, subject);
  return mean_regret <= wanted.mean_regret && latency <= wanted.low_load_latency && lost.empty();
}

}  // namespace bench
