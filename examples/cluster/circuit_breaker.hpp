// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/time.hpp>

#include <algorithm>
#include <chrono>

namespace cluster {

/// Whether to try what has just failed: while a service is away, callers are told at once instead of each
/// waiting for its own time-out, and one of them tries again every now and then. Without clock, threads and
/// I/O. Not thread-safe.
class circuit_breaker {
 public:
  explicit circuit_breaker(carpool::duration pause) : pause_(pause) {}

  /// Whether to try now. After a failure that is one caller per pause.
  bool allows(carpool::time_point now) {
    if (!broken_) return true;
    if (now < next_try_) return false;
    next_try_ = now + pause_;
    return true;
  }

  bool broken() const { return broken_; }

  void succeeded(carpool::time_point now) {
    broken_ = false;
    last_success_ = now;
  }

  /// An attempt that `began` before the last success says nothing of the service since.
  void failed(carpool::time_point began, carpool::time_point now) {
    if (began < last_success_) return;
    broken_ = true;
    next_try_ = now + pause_;
  }

  /// Until the next try; for callers who are told to come back.
  carpool::duration pause_left(carpool::time_point now) const {
    return broken_ ? std::max(next_try_ - now, carpool::duration::zero()) : carpool::duration::zero();
  }

 private:
  carpool::duration pause_;
  bool broken_ = false;
  carpool::time_point next_try_{};
  carpool::time_point last_success_ = carpool::time_point::min();
};

}  // namespace cluster
