// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/observe/observer.hpp>
#include <carpool/time.hpp>

namespace carpool::execution {

/// Takes the time that each step of a batch takes, with a clock whose type it does not know.
class stopwatch {
 public:
  using clock = time_point (*)();

  explicit stopwatch(clock now) : now_(now), last_(now()) {}

  /// Adds the time since the last lap to a step.
  void lap(duration batch_times::*step) {
    const time_point at = now_();
    times_.*step += at - last_;
    last_ = at;
  }

  [[nodiscard]] const batch_times& times() const noexcept { return times_; }

  /// Runs a step and adds its time, also when it throws; none is taken without a stopwatch. What the step
  /// returns is never moved.
  template <class Step>
  static decltype(auto) timed(stopwatch* watch, duration batch_times::*which, Step step) {
    struct lap_at_end {
      stopwatch* watch;
      duration batch_times::*which;
      ~lap_at_end() {
        if (watch != nullptr) watch->lap(which);
      }
    };
    const lap_at_end end{watch, which};
    return step();
  }

 private:
  clock now_;
  time_point last_;
  batch_times times_;
};

}  // namespace carpool::execution
