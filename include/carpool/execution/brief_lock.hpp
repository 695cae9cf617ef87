// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <mutex>

namespace carpool::execution {

/// Tells the CPU that this thread waits for another one, where it can be told.
inline void pause_briefly() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

/// Holds the batcher's lock. That is held for a microsecond or so, less than it takes to put a thread to
/// sleep and wake it: who finds it taken tries again for as long before it sleeps. (Without this, callers and
/// lanes that meet at every batch cost twice as much.)
class brief_lock : public std::unique_lock<std::mutex> {
 public:
  brief_lock() noexcept = default;
  explicit brief_lock(std::mutex& mutex) : std::unique_lock<std::mutex>(mutex, std::defer_lock) { lock(); }

  void lock() {
    for (int tries = 0; tries < most_tries; ++tries) {
      if (try_lock()) return;
      pause_briefly();
    }
    std::unique_lock<std::mutex>::lock();
  }

 private:
  static constexpr int most_tries = 100;
};

}  // namespace carpool::execution
