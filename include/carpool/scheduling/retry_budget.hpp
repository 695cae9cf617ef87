// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>

namespace carpool::scheduling {

/// How often failed batches may be run again, in halves, to find the item that is to blame. One such item in
/// a batch of n is found with two runs per halving. All re-runs together never exceed the good runs plus one
/// such search in a full batch, so a model that always fails soon runs no more often than without re-runs.
class retry_budget {
 public:
  explicit retry_budget(std::size_t max_batch_size) noexcept
      : most_(runs_to_search(max_batch_size)), credit_(most_) {}

  /// Runs that finding one bad item among n may take: 2 log2(n) + 1, the logarithm rounded up.
  [[nodiscard]] static constexpr std::size_t runs_to_search(std::size_t n) noexcept {
    return n < 2 ? 0 : 2 * static_cast<std::size_t>(std::bit_width(n - 1)) + 1;
  }

  /// A batch of n has failed: the re-runs that it may have, taken from the budget.
  [[nodiscard]] std::size_t grant(std::size_t n) noexcept {
    const std::size_t runs = std::min(runs_to_search(n), credit_);
    credit_ -= runs;
    return runs;
  }

  /// Some of the runs granted were not needed.
  void give_back(std::size_t runs) noexcept { credit_ = std::min(credit_ + runs, most_); }

  /// A batch has run without failing; its re-runs do not count.
  void on_good_run() noexcept { give_back(1); }

 private:
  std::size_t most_;
  std::size_t credit_;
};

}  // namespace carpool::scheduling
