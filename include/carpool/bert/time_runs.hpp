// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/device_lane.hpp>
#include <carpool/bert/packed_batch.hpp>
#include <carpool/bert/token_budget.hpp>
#include <carpool/bert/tokens.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace carpool::bert {

/// A batch of so many tokens, in texts of at most 128 and at most `longest` tokens.
[[nodiscard]] inline packed_batch batch_of_size(std::size_t tokens_wanted, std::size_t longest) {
  packed_batch batch;
  for (std::size_t left = tokens_wanted; left > 0;) {
    const std::size_t size = std::min({left, longest, std::size_t{128}});
    batch.append(tokens(std::vector<std::int32_t>(size)));
    left -= size;
  }
  batch.close();
  return batch;
}

/// How long the lane takes for batches of these numbers of tokens: the best of three runs, after one that
/// does not count.
[[nodiscard]] inline std::vector<timed_run> time_runs(device_lane& lane, std::size_t longest,
                                                      std::span<const std::size_t> sizes) {
  std::vector<timed_run> runs;
  for (const std::size_t size : sizes) {
    const packed_batch batch = batch_of_size(size, longest);
    lane.run(batch);
    double best = std::numeric_limits<double>::infinity();
    for (int run = 0; run < 3; ++run) {
      const auto start = std::chrono::steady_clock::now();
      lane.run(batch);
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      best = std::min(best, std::max(took.count(), 1e-9));
    }
    runs.push_back({static_cast<double>(size), best});
  }
  return runs;
}

}  // namespace carpool::bert
