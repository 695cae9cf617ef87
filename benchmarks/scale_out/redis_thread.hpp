// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/simulate/dice.hpp>
#include <carpool/time.hpp>

#include <algorithm>

namespace bench {

/// What one text costs a Redis, in seconds of the only thread that runs its commands.
struct redis_costs {
  double admit = 20e-6;      ///< a gateway's script that lets a text in
  double read = 10e-6;       ///< a worker's question for entries
  double read_entry = 2e-6;  ///< each entry that it gets
  double finish = 25e-6;     ///< a worker's script that replies, and the gateway's reading of that reply

  /// If reads are for as many as a batch has.
  [[nodiscard]] double per_text(std::size_t batch) const noexcept {
    return admit + read / static_cast<double>(batch) + read_entry + finish;
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
