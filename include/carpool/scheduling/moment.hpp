// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/action.hpp>
#include <carpool/scheduling/queue_view.hpp>
#include <carpool/scheduling/running_batches.hpp>
#include <carpool/scheduling/timeline.hpp>
#include <carpool/scheduling/traffic.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace carpool::scheduling {

/// All that the rules look at when a decision is due. Valid during the decision.
struct moment {
  double now = 0;  ///< ms
  const queue_view& queue;
  const timeline& time;
  traffic load;
  const running_batches& running;
  std::size_t free_lanes = 1;
  std::size_t most = 1;          ///< requests in the largest batch that the model is trusted with
  std::size_t limit = 1;         ///< of batches in flight
  bool deadlines_count = false;  ///< the model can tell what is in time, and some of it can be
  bool more_expected = true;     ///< not everybody of the last second is here already

  [[nodiscard]] std::size_t waiting() const noexcept { return queue.size(); }

  /// Batches running of which the end can be waited for.
  [[nodiscard]] std::size_t ending() const noexcept {
    return running.count - std::min(running.count, queue.hung_lanes());
  }

  /// Batches running once the next one has left.
  [[nodiscard]] double concurrency() const noexcept { return static_cast<double>(running.count + 1); }

  /// More lanes that may take a batch now, at least one: the one that is asked for.
  [[nodiscard]] std::size_t open_lanes() const noexcept {
    return std::max<std::size_t>(1, std::min(free_lanes, limit - std::min(limit, ending())));
  }

  [[nodiscard]] double arrival(std::size_t i) const noexcept { return time.milliseconds(queue[i].arrival); }
  [[nodiscard]] double deadline(std::size_t i) const noexcept { return time.milliseconds(queue[i].deadline); }

  /// The first deadline at or behind position i, as far as a batch reaches: requests without one may stand
  /// before those that press.
  [[nodiscard]] double pressing_deadline(std::size_t i) const noexcept {
    const std::size_t end = std::min(waiting(), i + most);
    while (i < end && queue[i].deadline == never) ++i;
    return i < end ? deadline(i) : timeline::infinite;
  }
};

/// What one decision is about to send.
struct candidate {
  positions members;
  double work = 0;
  bool everybody = true;  ///< nobody stays behind its last member
  bool hopeless = false;  ///< no choice is expected to be on time
  bool pressed = false;   ///< deadlines shaped it
  bool full = false;      ///< max_batch_work allows no more of them

  [[nodiscard]] std::size_t size() const noexcept { return members.size(); }
};

/// The chance of a normal variable to exceed z.
[[nodiscard]] inline double tail(double z) noexcept { return 0.5 * std::erfc(z * 0.70710678118654752); }

}  // namespace carpool::scheduling
