// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/simulate/dice.hpp>
#include <carpool/time.hpp>

#include <algorithm>

namespace bench {

/// What one text costs a Redis, in seconds of the only thread that runs its commands. The first and the last
/// are as bench_cluster measures them.
struct redis_costs {
  double admit = 0;    ///< to let it in
  double read = 0;     ///< a worker's question for entries, of which each gets as many as it has room for
  double pass_on = 0;  ///< to take a worker's reply and to hand that to the gateway

  /// If reads are for as many as a batch has.
  [[nodiscard]] double per_text(std::size_t batch) const noexcept {
    return admit + read / static_cast<double>(batch) + pass_on;
  }
};

/// The thread of a Redis: one command after the other, in the order in which they arrive.
class redis_thread {
 public:
  /// A command that arrives now; when it has run.
  carpool::time_point run(carpool::time_point now, double seconds) {
    busy_ += seconds;
    free_at_ = std::max(free_at_, now) + carpool::simulate::from_seconds(seconds);
    return free_at_;
  }

  [[nodiscard]] double busy_seconds() const noexcept { return busy_; }

 private:
  carpool::time_point free_at_{};
  double busy_ = 0;
};

}  // namespace bench
