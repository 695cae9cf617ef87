// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace carpool::bert {

/// A run of the encoder that was timed.
struct timed_run {
  double tokens = 0;   ///< rows, more than 0
  double seconds = 0;  ///< more than 0
};

/// The fewest tokens per batch with which a device does 95 % of what it can: more would only keep callers
/// waiting. A run of T tokens takes a + b·T, fitted by least squares of the relative errors; then the rate
/// T / (a + b·T) reaches 95 % of its limit 1 / b at T = 19·a / b. At least the smallest and at most the
/// largest number of tokens that was tried; the largest if the runs tell no cost per token. `runs` is not
/// empty.
[[nodiscard]] inline double token_budget(std::span<const timed_run> runs) {
  const auto fewer = [](const timed_run& a, const timed_run& b) { return a.tokens < b.tokens; };
  const auto [least, most] = std::minmax_element(runs.begin(), runs.end(), fewer);
  // Weights 1 / seconds²: sums of w, w·T, w·T², w·t and w·T·t.
  double w = 0, wT = 0, wTT = 0, wt = 0, wTt = 0;
  for (const timed_run& run : runs) {
    const double weight = 1 / (run.seconds * run.seconds);
    w += weight;
    wT += weight * run.tokens;
    wTT += weight * run.tokens * run.tokens;
    wt += weight * run.seconds;
    wTt += weight * run.tokens * run.seconds;
  }
  const double per_token = (w * wTt - wT * wt) / (w * wTT - wT * wT);
  if (!(per_token > 0)) return most->tokens;
  const double fixed = std::max(0.0, (wt - per_token * wT) / w);
  return std::clamp(19 * fixed / per_token, least->tokens, most->tokens);
}

}  // namespace carpool::bert
