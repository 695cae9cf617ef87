// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/moment.hpp>

#include <algorithm>
#include <cstddef>

namespace carpool::scheduling {

/// On a shared device a batch slows those that run. What would that cost them in requests on time, and what
/// does the batch gain by leaving now instead of after the first of them?
class harm_estimate {
 public:
  explicit harm_estimate(const moment& at) noexcept
      : at_(at),
        cost_(at.load.cost),
        without_(cost_.slowdown(static_cast<double>(at.running.count))),
        with_(cost_.slowdown(at.concurrency())) {}

  /// Whether the batch should stay for now. Only asked when lanes are known to interfere.
  [[nodiscard]] bool outweighs(const candidate& batch) const noexcept {
    if (!at_.deadlines_count || at_.running.count == 0 || cost_.least_interference < 0.05 || batch.hopeless)
      return false;
    const double own_time = cost_.time(batch.work, at_.concurrency());
    double first_end = timeline::infinite, lost = 0;
    for (const auto& other : at_.running.lanes) {
      if (!other.active) continue;
      const double left = remaining(other);
      const double end = at_.now + left * without_;
      const double slowed = end + std::min(left * with_, own_time) * (1 - without_ / with_);
      first_end = std::min(first_end, end);
      lost += losses(other, end, slowed);
    }
    return lost > 0.05 && lost > gain(batch, own_time, first_end);
  }

 private:
  /// Its time if it were alone from now on. One that should have ended long ago will end soon.
  [[nodiscard]] double remaining(const running_batches::batch& of) const noexcept {
    const double total = cost_.time(of.work);
    const double done = (at_.now - of.start) / cost_.slowdown(at_.running.concurrency(of, at_.now));
    return std::max(0.02 * total, total - done);
  }

  [[nodiscard]] double losses(const running_batches::batch& of, double end, double slowed) const noexcept {
    const double deviation = cost_.spread() * cost_.time(of.work) * without_;
    const auto& deadlines = of.deadlines;
    double lost = 0;
    for (auto d = std::lower_bound(deadlines.begin(), deadlines.end(), end - 3 * deviation);
         d != deadlines.end() && *d <= slowed + 3 * deviation; ++d)
      lost += tail((*d - slowed) / deviation) - tail((*d - end) / deviation);
    return lost;
  }

  [[nodiscard]] double gain(const candidate& batch, double own_time, double first_end) const noexcept {
    const double later_time = cost_.time(batch.work, at_.concurrency() - 1);
    const auto on_time = [&](double left, double time) { return tail((1 - left / time) / cost_.spread()); };
    double gained = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const double deadline = at_.deadline(batch.members[i]);
      if (deadline == timeline::infinite) continue;
      gained += on_time(deadline - at_.now, own_time) - on_time(deadline - first_end, later_time);
    }
    return gained;
  }

  const moment& at_;
  const cost_model& cost_;
  double without_;  // slowdown of those who run, without the batch and with it
  double with_;
};

}  // namespace carpool::scheduling
