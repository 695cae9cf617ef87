// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/work.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace carpool::scheduling {

/// The cost of a batch while it grows request by request. The two usual functions are followed in O(1); one
/// of the user's is asked anew for each answer.
class work_meter {
 public:
  explicit work_meter(batch_work function = &total_work) noexcept : function_(function) {}

  /// What the batch would cost with one more member of this work.
  [[nodiscard]] double cost_with(double work) {
    if (function_ == &total_work) return sum_ + work;
    if (function_ == &padded_work) return static_cast<double>(count_ + 1) * std::max(largest_, work);
    works_.push_back(work);
    const double cost = function_(works_);
    works_.pop_back();
    return cost;
  }

  void add(double work) {
    ++count_;
    sum_ += work;
    largest_ = std::max(largest_, work);
    if (function_ != &total_work && function_ != &padded_work) works_.push_back(work);
  }

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] double cost() const {
    if (function_ == &total_work) return sum_;
    if (function_ == &padded_work) return static_cast<double>(count_) * largest_;
    return works_.empty() ? 0 : function_(works_);
  }

 private:
  batch_work function_;
  std::size_t count_ = 0;
  double sum_ = 0;
  double largest_ = 0;
  std::vector<double> works_;
};

}  // namespace carpool::scheduling
