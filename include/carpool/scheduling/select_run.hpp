// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/moment.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace carpool::scheduling {

/// The run of the queue that leaves as the next batch: its head, unless that makes it late. Then of a few
/// good runs the one with the most requests expected on time. Each leaves out as few as possible at the head
/// and is as large as its first member survives, by 0 to 3 standard deviations: none pays when arrivals are
/// sparse, two when they are dense. Who was left out stays until it is doomed.
class run_selection {
 public:
  explicit run_selection(const moment& at) noexcept : at_(at), waiting_(at.waiting()) {}

  /// `riders` holds the members if they are no run; it must live as long as the candidate.
  [[nodiscard]] candidate select(std::vector<std::size_t>& riders) const {
    const std::size_t all = std::min(waiting_, at_.most);
    if (!at_.deadlines_count || on_time(all)) return run(0, all);
    candidate best = run(0, all);
    best.hopeless = best.pressed = true;
    double most_on_time = 0;
    for (const double z : {0.0, 1.0, 2.0, 3.0}) {
      const std::size_t first = first_that_carries(z);
      consider(first, z, best, most_on_time);
      if (first > 0) consider(first - 1, z, best, most_on_time);
    }
    take_along(riders, best);
    return best;
  }

 private:
  [[nodiscard]] candidate run(std::size_t first, std::size_t count) const noexcept {
    return {positions::run(first, count), static_cast<double>(count) * at_.load.work_each,
            first + count == waiting_};
  }

  [[nodiscard]] double batch_time(std::size_t count) const noexcept {
    return at_.load.batch_time(static_cast<double>(count), at_.concurrency());
  }

  void consider(std::size_t first, double z, candidate& best, double& most_on_time) const noexcept {
    const std::size_t count = std::min(survivors(first, z), waiting_ - first);
    if (count == 0) return;
    const double expected = expected_on_time(first, count);
    if (expected <= most_on_time + 1e-6) return;
    most_on_time = expected;
    best = run(first, count);
    best.pressed = true;
  }

  [[nodiscard]] double expected_on_time(std::size_t first, std::size_t count) const noexcept {
    const double time = batch_time(count);
    auto expected = static_cast<double>(count);
    for (std::size_t i = first; i < first + count; ++i) {
      const double deadline = at_.deadline(i);
      if (deadline == timeline::infinite) continue;
      const double z = ((deadline - at_.now) / time - 1) / at_.load.cost.spread();
      if (z > 3) break;  // later deadlines follow
      expected -= tail(z);
    }
    return expected;
  }

  /// Requests without a deadline that were left out take up to half of the places: they are never doomed, and
  /// would wait for as long as others press.
  void take_along(std::vector<std::size_t>& riders, candidate& batch) const {
    riders.clear();
    const std::size_t first = batch.members[0];
    for (std::size_t i = 0; i < first && 2 * riders.size() + 1 < batch.size(); ++i)
      if (at_.queue[i].deadline == never) riders.push_back(i);
    if (riders.empty()) return;
    for (std::size_t i = first; riders.size() < batch.size(); ++i) riders.push_back(i);
    batch.members = positions::list(riders);
    batch.everybody = false;
  }

  /// Safely: by three standard deviations.
  [[nodiscard]] bool on_time(std::size_t count) const noexcept {
    return at_.now + batch_time(count) * (1 + 3 * at_.load.cost.spread()) <= at_.pressing_deadline(0);
  }

  /// The largest batch in which the request at position i is on time, by z standard deviations.
  [[nodiscard]] std::size_t survivors(std::size_t i, double z) const noexcept {
    const double time = (at_.pressing_deadline(i) - at_.now) / (1 + z * at_.load.cost.spread());
    const double largest = at_.load.batch_within(time, at_.concurrency()) + 1e-9;
    return static_cast<std::size_t>(std::clamp(largest, 0.0, static_cast<double>(at_.most)));
  }

  /// The first position whose request survives a batch of all behind it, the last one if none does. Deadlines
  /// ascend, so it is found by halving; where they do not, the answer is still a position.
  [[nodiscard]] std::size_t first_that_carries(double z) const noexcept {
    std::size_t low = 0, high = waiting_ - 1;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (survivors(middle, z) >= std::min(waiting_ - middle, at_.most))
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
