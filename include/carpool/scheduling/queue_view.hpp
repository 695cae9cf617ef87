// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/action.hpp>
#include <carpool/scheduling/wait_queue.hpp>
#include <carpool/scheduling/work_meter.hpp>
#include <carpool/time.hpp>
#include <carpool/work.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>

namespace carpool::scheduling {

inline constexpr double unlimited_work = std::numeric_limits<double>::infinity();

/// The bounds from carpool::options that a policy has to keep.
struct limits {
  std::size_t max_batch_size = 1;
  duration max_queue_delay{};
  std::size_t lanes = 1;  ///< that batches can run on
  double max_batch_work = unlimited_work;
  carpool::batch_work batch_work = &total_work;  ///< what the requests of a batch cost together
  std::size_t devices = 1;                       ///< that these lanes are spread over
};

/// What a policy sees when it decides: the waiting requests in service order (see service_order.hpp), and the
/// bounds in force. Valid during the call.
class queue_view {
 public:
  queue_view(const wait_queue& queue, const limits& bounds, bool closed, std::size_t hung_lanes = 0) noexcept
      : queue_(queue), bounds_(bounds), closed_(closed), hung_lanes_(hung_lanes) {}

  [[nodiscard]] std::size_t size() const noexcept { return queue_.size(); }
  [[nodiscard]] const waiting_request& operator[](std::size_t i) const noexcept { return queue_[i]; }

  [[nodiscard]] const limits& bounds() const noexcept { return bounds_; }

  /// When the first of them must not be held for company any more; `never` when nobody asked for that.
  [[nodiscard]] time_point leave_by() const noexcept { return queue_.leave_by(); }

  /// When the one that has waited longest arrived; it need not be the first of the queue.
  [[nodiscard]] time_point oldest_arrival() const noexcept { return queue_.oldest_arrival(); }

  /// The longest prefix of these positions that max_batch_size and max_batch_work allow as one batch; at
  /// least one of them.
  [[nodiscard]] positions fitting(positions wanted) const {
    const positions counted = wanted.prefix(std::min(wanted.size(), bounds_.max_batch_size));
    return bounds_.max_batch_work < unlimited_work ? fitting_prefix(counted) : counted;
  }

  /// Nothing would be gained by waiting for more: the first requests, at most this many (at least 1), are
  /// that many, or cost max_batch_work already.
  [[nodiscard]] bool fill_batch(std::size_t most) const {
    return size() >= most ||
           (bounds_.max_batch_work < unlimited_work && cost_of_all() >= bounds_.max_batch_work);
  }

  /// No more requests will arrive, so waiting for company is pointless.
  [[nodiscard]] bool closed() const noexcept { return closed_; }

  /// Busy lanes whose batches have run for options::hung_after: they may never end, so nobody waits for that.
  [[nodiscard]] std::size_t hung_lanes() const noexcept { return hung_lanes_; }

 private:
  [[nodiscard]] positions fitting_prefix(positions wanted) const {
    work_meter meter(bounds_.batch_work);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const double work = queue_[wanted[i]].work;
      if (i > 0 && meter.cost_with(work) > bounds_.max_batch_work) return wanted.prefix(i);
      meter.add(work);
    }
    return wanted;
  }

  [[nodiscard]] double cost_of_all() const {
    work_meter meter(bounds_.batch_work);
    for (std::size_t i = 0; i < size(); ++i) meter.add(queue_[i].work);
    return meter.cost();
  }

  const wait_queue& queue_;
  const limits& bounds_;
  bool closed_;
  std::size_t hung_lanes_;
};

}  // namespace carpool::scheduling
