// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace embed_server {

/// Destroys things that take a while, each in a thread of its own, so that one that hangs keeps nobody else
/// waiting. Thread-safe.
class endings : public std::enable_shared_from_this<endings> {
 public:
  /// Returns at once, unless close() was called: then it is destroyed here.
  template <class Thing>
  void end(std::unique_ptr<Thing> thing) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      ++under_way_;
    }
    std::thread([self = shared_from_this(), last = std::move(thing)]() mutable {
      last.reset();
      const std::lock_guard lock(self->mutex_);
      --self->under_way_;
      self->ended_.notify_all();
    }).detach();
  }

  /// Whether nothing is being destroyed any more, within this time.
  bool await_none(std::chrono::milliseconds within) {
    std::unique_lock lock(mutex_);
    return ended_.wait_for(lock, within, [this] { return under_way_ == 0; });
  }

  /// Waits until nothing is being destroyed any more; nothing will be in another thread from now on.
  void close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    ended_.wait(lock, [this] { return under_way_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t under_way_ = 0;
  bool closed_ = false;
};

}  // namespace embed_server
