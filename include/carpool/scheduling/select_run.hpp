// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/moment.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace carpool::scheduling {

/// The run of the queue that leaves as the next batch: its head, unless that makes it late. Then as few as
/// possible at the head are left out and the batch is as large as its first member survives, with one
/// standard deviation to spare. Who was left out stays until it is doomed.
class run_selection {
 public:
  explicit run_selection(const moment& at) noexcept : at_(at), waiting_(at.waiting()) {}

  [[nodiscard]] candidate select() const noexcept {
    const std::size_t all = std::min(waiting_, at_.most());
    if (!at_.deadlines_count || on_time(all)) return run(0, all);
    const std::size_t first = first_that_carries(1);
    const std::size_t count = std::min(survivors(first, 1), waiting_ - first);
    candidate chosen = count > 0 ? run(first, count) : run(0, all);
    chosen.hopeless = count == 0;
    chosen.pressed = true;
    return chosen;
  }

 private:
  [[nodiscard]] candidate run(std::size_t first, std::size_t count) const noexcept {
    return {positions::run(first, count), static_cast<double>(count) * at_.load.work_each,
            first + count == waiting_};
  }

  [[nodiscard]] double batch_time(std::size_t count) const noexcept {
    return at_.load.batch_time(static_cast<double>(count), at_.concurrency());
  }

  /// Safely: by three standard deviations.
  [[nodiscard]] bool on_time(std::size_t count) const noexcept {
    return at_.now + batch_time(count) * (1 + 3 * at_.load.cost.spread()) <= at_.pressing_deadline(0);
  }

  /// The largest batch in which the request at position i is on time, by z standard deviations.
  [[nodiscard]] std::size_t survivors(std::size_t i, double z) const noexcept {
    const double time = (at_.pressing_deadline(i) - at_.now) / (1 + z * at_.load.cost.spread());
    const double largest = at_.load.batch_within(time, at_.concurrency()) + 1e-9;
    return static_cast<std::size_t>(std::clamp(largest, 0.0, at_.load.most));
  }

  /// The first position whose request survives a batch of all behind it, the last one if none does. Deadlines
  /// ascend, so it is found by halving; where they do not, the answer is still a position.
  [[nodiscard]] std::size_t first_that_carries(double z) const noexcept {
    std::size_t low = 0, high = waiting_ - 1;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (survivors(middle, z) >= std::min(waiting_ - middle, at_.most()))
        high = middle;
      else
        low = middle + 1;
    }
    return low;
  }

  const moment& at_;
  std::size_t waiting_;
};

}  // namespace carpool::scheduling
