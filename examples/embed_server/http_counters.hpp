// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "metrics.hpp"

#include <mutex>

namespace embed_server {

/// Counts what happens on all connections. Thread-safe.
class http_counters {
 public:
  /// A connection has begun, which is idle.
  void count_connection() {
    const std::lock_guard lock(mutex_);
    ++now_.idle_connections;
  }

  /// One that was idle, or was not, has ended.
  void forget_connection(bool idle) {
    const std::lock_guard lock(mutex_);
    --(idle ? now_.idle_connections : now_.active_connections);
  }

  /// One has become idle, or has ceased to be.
  void set_idle(bool idle) {
    const std::lock_guard lock(mutex_);
    --(idle ? now_.active_connections : now_.idle_connections);
    ++(idle ? now_.idle_connections : now_.active_connections);
  }

  /// An answer of this HTTP status has been made.
  void count_answer(unsigned status) {
    const std::lock_guard lock(mutex_);
    ++now_.answers[status];
  }

  counters read() const {
    const std::lock_guard lock(mutex_);
    return now_;
  }

 private:
  mutable std::mutex mutex_;
  counters now_;
};

}  // namespace embed_server
