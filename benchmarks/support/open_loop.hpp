// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Requests at a fixed rate into a batcher that closes a batch at 64 or 1 ms after its first request: what a
// push costs, and what everything behind it costs.

#pragma once

#include "support/clock.hpp"
#include "support/hand_made_batchers.hpp"
#include "support/placement.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

struct open_loop_cost {
  double push_ns;    ///< of the caller, per request
  double behind_ns;  ///< CPU time of all other threads, per request
  double switches;   ///< of all other threads, per batch
};

/// CPU seconds and context switches of all threads but the calling one.
struct others_usage {
  double cpu;
  double switches;

  static others_usage now() {
    rusage all{};
    rusage mine{};
    ::getrusage(RUSAGE_SELF, &all);
    ::getrusage(RUSAGE_THREAD, &mine);
    return {seconds(CLOCK_PROCESS_CPUTIME_ID) - seconds(CLOCK_THREAD_CPUTIME_ID),
            static_cast<double>(all.ru_nvcsw + all.ru_nivcsw - mine.ru_nvcsw - mine.ru_nivcsw)};
  }
};

/// How the time between two requests passes.
enum class pacing {
  spin,   ///< they come one by one, evenly spaced; for callers that have their CPU to themselves
  sleep,  ///< in groups of a millisecond's tenth, since nobody wakes in time for more; leaves the CPU to
          ///< others
};

/// Pushes so many requests a second for `seconds_long`; `batches()` counts what has run.
template <class Push, class Batches>
open_loop_cost open_loop(pacing how, int rate, double seconds_long, Push push, Batches batches) {
  const int group = how == pacing::spin ? 1 : std::max(rate / 10'000, 1);
  const int groups = static_cast<int>(rate * seconds_long) / group;
  const auto pause = std::chrono::nanoseconds(1'000'000'000LL * group / rate);
  double pushing = 0;
  const auto batches_before = batches();
  const auto before = others_usage::now();
  auto due = std::chrono::steady_clock::now();
  for (int i = 0; i < groups; ++i) {
    due += pause;
    if (how == pacing::sleep) std::this_thread::sleep_until(due);
    while (std::chrono::steady_clock::now() < due) {
    }
    const double begin = seconds(CLOCK_MONOTONIC);
    for (int k = 0; k < group; ++k) push();
    pushing += seconds(CLOCK_MONOTONIC) - begin;
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const auto after = others_usage::now();
  const double pushed = static_cast<double>(group) * groups;
  return {1e9 * pushing / pushed, 1e9 * (after.cpu - before.cpu) / pushed,
          (after.switches - before.switches) / static_cast<double>(batches() - batches_before)};
}

/// The textbook: the thread is notified of every push, and waits until its batch is full or due.
class textbook_batcher {
 public:
  explicit textbook_batcher(int cpu) : thread_([this, cpu] { work(cpu); }) {}
  ~textbook_batcher() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void push() {
    const std::lock_guard lock(mutex_);
    if (waiting_++ == 0) first_ = std::chrono::steady_clock::now();
    changed_.notify_one();
  }

  [[nodiscard]] std::size_t batches() {
    const std::lock_guard lock(mutex_);
    return batches_;
  }

 private:
  void work(int cpu) {
    run_on(cpu);
    std::unique_lock lock(mutex_);
    while (!stop_) {
      changed_.wait(lock, [this] { return stop_ || waiting_ > 0; });
      changed_.wait_until(lock, first_ + std::chrono::milliseconds(1),
                          [this] { return stop_ || waiting_ >= max_batch_size; });
      waiting_ -= std::min(waiting_, max_batch_size);
      first_ = std::chrono::steady_clock::now();
      ++batches_;
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::chrono::steady_clock::time_point first_{};
  std::size_t waiting_ = 0;
  std::size_t batches_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace bench
