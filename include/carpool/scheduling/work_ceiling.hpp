// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <algorithm>
#include <limits>

namespace carpool::scheduling {

/// The work of a batch that the device's memory can hold, learnt from batches that ran out of it: halved
/// below the one that failed, and raised by small steps while batches near it succeed (additive increase,
/// multiplicative decrease). Infinite until a batch fails, and learns nothing until then.
class work_ceiling {
 public:
  [[nodiscard]] double value() const noexcept { return value_; }
  [[nodiscard]] bool finite() const noexcept { return value_ < std::numeric_limits<double>::infinity(); }

  /// A batch of this work ran out of memory.
  void on_out_of_memory(double work) noexcept {
    if (work <= item_) item_ = 0;  // there is less memory than when that item ran
    value_ = std::max(std::min(value_, work / 2), item_);
    step_ = value_ / 32;
  }

  /// A batch of this work ran; its heaviest item alone would have cost `item`.
  void on_success(double work, double item) noexcept {
    if (!finite()) return;
    item_ = std::max(item_, item);
    if (work > 0.75 * value_ && work <= value_)
      value_ += step_;  // a smaller one says nothing about the bound
    if (item_ <= value_) return;
    value_ = item_;
    step_ = std::max(step_, value_ / 32);  // steps that fit next to nothing would take for ever
  }

 private:
  double value_ = std::numeric_limits<double>::infinity();
  double step_ = 0;
  double item_ = 0;  // the heaviest that ran: there is memory for one such
};

}  // namespace carpool::scheduling
