// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/adaptive.hpp>
#include <carpool/scheduling/batch_scheduler.hpp>
#include <carpool/simulate/lanes.hpp>
#include <carpool/time.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace bench {

/// A worker with one lane: carpool's own scheduler and default policy under a virtual clock. It holds two
/// batches at most, one that runs and one that can follow.
class simulated_worker {
 public:
  simulated_worker(const carpool::simulate::lane_model& model, std::size_t max_batch_size, std::uint64_t seed)
      : max_batch_size_(max_batch_size),
        scheduler_({.max_batch_size = max_batch_size}, {.max_size = 2 * max_batch_size},
                   carpool::scheduling::any_policy(carpool::adaptive{})),
        lane_(model, 1, seed) {}

  /// How many texts it could take besides those that it holds.
  [[nodiscard]] std::size_t room() const noexcept { return 2 * max_batch_size_ - held_; }

  void take(void* text, carpool::time_point now) {
    ++held_;
    const carpool::scheduling::waiting_request request{.arrival = now, .handle = text};
    scheduler_.reserve(1, request);
    scheduler_.admit(request);
  }

  /// A reply has been taken by the queue.
  void let_go() noexcept { --held_; }

  /// When update() has something to do.
  [[nodiscard]] carpool::time_point next() const noexcept { return std::min(lane_.next_end(), alarm_); }

  /// Ends the batch that is over, if one is, and hands its texts to `answer`; starts the next if the policy
  /// says so.
  template <class Answer>
  void update(carpool::time_point now, Answer answer) {
    if (lane_.next_end() <= now) {
      lane_.finish(now);
      texts_ += scheduler_.batch(0).members().size();
      ++batches_;
      scheduler_.finish(0, now, false, [&](std::size_t, void* text) {
        answer(text);
        return true;
      });
    }
    const auto nobody_leaves = [](void*, carpool::scheduling::outcome) {};
    for (;;) {
      const auto step = scheduler_.next(now, nobody_leaves);
      alarm_ = step.wake_at == carpool::never ? carpool::never : std::max(step.wake_at, now + tick);
      if (!step.dispatchable) return;
      if (!scheduler_.start(0, now, nobody_leaves)) continue;
      if (scheduler_.seal(0, now, nobody_leaves, [](std::size_t) {}))
        lane_.start(0, static_cast<double>(scheduler_.batch(0).members().size()), now);
    }
  }

  [[nodiscard]] std::uint64_t texts() const noexcept { return texts_; }
  [[nodiscard]] std::uint64_t batches() const noexcept { return batches_; }

 private:
  static constexpr carpool::duration tick{1};  // so that time goes on

  std::size_t max_batch_size_;
  carpool::scheduling::batch_scheduler scheduler_;
  carpool::simulate::lanes lane_;
  carpool::time_point alarm_ = carpool::never;
  std::size_t held_ = 0;
  std::uint64_t texts_ = 0;
  std::uint64_t batches_ = 0;
};

}  // namespace bench
