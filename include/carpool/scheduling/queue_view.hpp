// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/wait_queue.hpp>
#include <carpool/time.hpp>
#include <carpool/work.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>

namespace carpool::scheduling {

/// The bounds from carpool::options that a policy has to keep.
struct limits {
  std::size_t max_batch_size = 1;
  duration max_queue_delay{};
  std::size_t lanes = 1;
  double max_batch_work = std::numeric_limits<double>::infinity();
  carpool::batch_work batch_work = &total_work;  ///< what the requests of a batch cost together
};

/// What a policy sees when it decides: the waiting requests, oldest first, and the bounds in force. Valid
/// during the call.
class queue_view {
 public:
  queue_view(const wait_queue& queue, const limits& bounds, bool closed) noexcept
      : queue_(queue), bounds_(bounds), closed_(closed) {}

  [[nodiscard]] std::size_t size() const noexcept { return queue_.size(); }
  [[nodiscard]] const waiting_request& operator[](std::size_t i) const noexcept { return queue_[i]; }

  [[nodiscard]] const limits& bounds() const noexcept { return bounds_; }

  /// When the first of them must not be held for company any more; `never` when nobody asked for that.
  [[nodiscard]] time_point leave_by() const noexcept {
    time_point first = never;
    for (std::size_t i = 0; i < size(); ++i) first = std::min(first, queue_[i].leave_by);
    return first;
  }

  /// No more requests will arrive, so waiting for company is pointless.
  [[nodiscard]] bool closed() const noexcept { return closed_; }

 private:
  const wait_queue& queue_;
  const limits& bounds_;
  bool closed_;
};

}  // namespace carpool::scheduling
