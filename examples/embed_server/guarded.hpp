// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <mutex>

namespace embed_server {

/// A value, such as some counters, that several threads change and read. Thread-safe.
template <class Value>
class guarded {
 public:
  /// Calls `change(value&)`, one at a time.
  template <class Change>
  void update(Change change) {
    const std::lock_guard lock(mutex_);
    change(value_);
  }

  /// A copy of it as it is now.
  Value read() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  Value value_;
};

}  // namespace embed_server
