// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/policy.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>

namespace carpool {

/// The textbook rule: a batch leaves when it has reached its size (or max_batch_work), or when the oldest
/// request has waited the delay, counted from its arrival, or its own max_wait. Who is in it is up to the
/// service order: if more wait than a batch holds, the oldest may not be in it, but then batches leave as
/// fast as lanes come free. While a lane is free, nobody waits longer than the delay. It does not look at
/// deadlines, so the delay has to be well below them, or requests bring a max_wait that is.
class size_or_timeout : public indifferent_policy {
 public:
  /// Size and delay are `options::max_batch_size` and `options::max_queue_delay`.
  size_or_timeout() = default;

  /// A size of its own (at least 1; max_batch_size still caps it) and a delay of its own (zero or more).
  /// Throws std::invalid_argument for others.
  size_or_timeout(std::size_t size, duration delay) : size_(size), delay_(delay) {
    if (size == 0)
      throw std::invalid_argument("carpool::size_or_timeout: the size is 0; it must be at least 1");
    if (delay < duration::zero())
      throw std::invalid_argument("carpool::size_or_timeout: the delay is negative; it must be zero or more");
  }

  [[nodiscard]] scheduling::action decide(time_point now, const scheduling::queue_view& queue,
                                          std::size_t) const noexcept {
    const auto& bounds = queue.bounds();
    const std::size_t size = std::min(size_.value_or(bounds.max_batch_size), bounds.max_batch_size);
    const time_point due = std::min(
        saturating_add(queue.oldest_arrival(), delay_.value_or(bounds.max_queue_delay)), queue.leave_by());
    const auto leave = [&](departure reason) {
      return scheduling::dispatch{scheduling::positions::run(0, std::min(queue.size(), size)), reason};
    };
    if (queue.fill_batch(size)) return leave(departure::full);
    if (queue.closed()) return leave(departure::drain);
    if (now >= due) return leave(departure::timeout);
    return scheduling::wait_until{due};
  }

 private:
  std::optional<std::size_t> size_;
  std::optional<duration> delay_;
};

}  // namespace carpool
