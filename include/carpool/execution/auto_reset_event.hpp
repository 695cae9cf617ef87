// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <atomic>

#if defined(__linux__)
#include <semaphore.h>

#include <cerrno>
#else
#include <semaphore>
#endif

namespace carpool::execution {

/// One thread sleeps until another one has set the event, which is over when it wakes. To set it twice before
/// that is to set it once. (A std::condition_variable would take the mutex as one that others wait for, which
/// costs a system call when it is unlocked.)
class auto_reset_event {
 public:
  void set() noexcept {
    if (!is_set_.exchange(true)) semaphore_.release();
  }

  void wait() noexcept {
    semaphore_.acquire();
    is_set_.store(false);
  }

 private:
#if defined(__linux__)
  /// As std::binary_semaphore. That of libstdc++ yields four times before it sleeps, which on a busy CPU are
  /// four switches of threads for one.
  class binary_semaphore {
   public:
    binary_semaphore() noexcept { ::sem_init(&semaphore_, 0, 0); }
    ~binary_semaphore() { ::sem_destroy(&semaphore_); }
    binary_semaphore(const binary_semaphore&) = delete;
    binary_semaphore& operator=(const binary_semaphore&) = delete;

    void release() noexcept { ::sem_post(&semaphore_); }
    void acquire() noexcept {
      while (::sem_wait(&semaphore_) != 0 && errno == EINTR) {
      }
    }

   private:
    ::sem_t semaphore_;
  };
  binary_semaphore semaphore_;
#else
  std::binary_semaphore semaphore_{0};
#endif
  std::atomic<bool> is_set_ = false;
};

}  // namespace carpool::execution
