// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/auto_reset_event.hpp>
#include <carpool/execution/lane.hpp>
#include <carpool/execution/spare_memory.hpp>
#include <carpool/observe/observer.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>

namespace carpool::execution {

inline constexpr std::size_t no_lane = static_cast<std::size_t>(-1);

/// Marks, on the current thread, that a lane of `owner` has its turn; marks nest.
class running_mark {
 public:
  running_mark(const void* owner, std::size_t lane) noexcept : owner_(owner), lane_(lane), outer_(innermost) {
    innermost = this;
  }
  ~running_mark() { innermost = outer_; }
  running_mark(const running_mark&) = delete;
  running_mark& operator=(const running_mark&) = delete;

  /// The lane of `owner` that the calling thread is inside of, or no_lane.
  [[nodiscard]] static std::size_t lane_of(const void* owner) noexcept {
    for (const running_mark* mark = innermost; mark != nullptr; mark = mark->outer_)
      if (mark->owner_ == owner) return mark->lane_;
    return no_lane;
  }

 private:
  const void* owner_;
  std::size_t lane_;
  const running_mark* outer_;
  static inline thread_local const running_mark* innermost = nullptr;
};

/// A lane, what it is doing, and its thread if it has one. The state is guarded by the batcher's lock; the
/// rest belongs to whoever runs the lane.
struct lane_slot {
  enum class state { idle, woken, busy };

  explicit lane_slot(std::size_t number) noexcept : index(number) {}

  const std::size_t index;
  state now = state::idle;
  bool lost = false;  ///< its device is; woken to get other functors only
  std::unique_ptr<execution::lane> lane;
  batch_report report;           ///< of the batch in it, if somebody observes
  std::uint64_t generation = 0;  ///< of the functors in it
  spare_memory for_wake_up;      // with a model executor only, so that waking a lane cannot fail
  auto_reset_event wake;         // with a thread only
  std::thread thread;
};

/// The lanes of a batcher and who is awake. Slots stay where they are, also when lanes are added; those above
/// the number wanted sleep. Everything but joining is done under the batcher's lock.
class lane_set {
 public:
  /// Lanes that there are, and one of them.
  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }
  [[nodiscard]] lane_slot& operator[](std::size_t i) noexcept { return slots_[i]; }

  /// One more, which is not wanted yet.
  lane_slot& add() { return slots_.emplace_back(slots_.size()); }

  /// The last one goes; it has no thread any more.
  void remove_last() noexcept { slots_.pop_back(); }

  /// From now on so many lanes are wanted, of those that there are; lane i is on device i % devices.
  void want(std::size_t count, std::size_t devices) noexcept {
    wanted_ = count;
    devices_ = devices;
    count_ready();
  }

  /// The lane's device is lost, or is there again.
  void set_lost(lane_slot& slot, bool lost) noexcept {
    slot.lost = lost;
    count_ready();
  }

  /// A lane could take a batch, and no woken one is about to look anyway.
  [[nodiscard]] bool can_wake() const noexcept { return woken_ == 0 && ready_ > 0; }

  /// No lane is awake.
  [[nodiscard]] bool all_sleep() const noexcept { return woken_ + busy_ == 0; }

  /// Wakes one lane that could take a batch: `preferred` if it could, else the first, but one on a less busy
  /// device goes before both. None while a woken one has not looked yet, because it will wake the next. Null
  /// if there is none to wake.
  lane_slot* wake_one(lane_slot* preferred) noexcept {
    if (!can_wake()) return nullptr;
    lane_slot* best = preferred != nullptr && is_ready(*preferred) ? preferred : nullptr;
    for (std::size_t i = 0; i < wanted_ && (best == nullptr || devices_ > 1); ++i)
      if (is_ready(slots_[i]) && (best == nullptr || busy_beside(slots_[i]) < busy_beside(*best)))
        best = &slots_[i];
    wake(*best);
    return best;
  }

  /// Wakes any wanted lane that is idle, lost or not; null if none is, and then one is going to rest. One
  /// that is not wanted may still be waiting for its model, and goes if it gets none.
  lane_slot* wake_any() noexcept {
    for (std::size_t i = 0; i < wanted_; ++i)
      if (wake(slots_[i])) return &slots_[i];
    return nullptr;
  }

  /// Wakes this one if it is idle, wanted or not.
  bool wake(lane_slot& slot) noexcept {
    if (slot.now != lane_slot::state::idle) return false;
    ready_ -= is_ready(slot);
    slot.now = lane_slot::state::woken;
    ++woken_;
    return true;
  }

  /// A woken lane has looked, and found a batch or not.
  void looked(lane_slot& slot, bool found) noexcept {
    slot.now = found ? lane_slot::state::busy : lane_slot::state::idle;
    --woken_;
    busy_ += found;
    ready_ += is_ready(slot);
  }

  /// A busy lane has delivered its batch.
  void rest(lane_slot& slot) noexcept {
    slot.now = lane_slot::state::idle;
    --busy_;
    ready_ += is_ready(slot);
  }

  /// Lanes between looking and resting.
  [[nodiscard]] std::size_t busy() const noexcept { return busy_; }

  void wake_all() noexcept {
    for (lane_slot& slot : slots_) slot.wake.set();
  }

  /// Waits for the threads; that of lane `except` goes on by itself. Without the lock, when no lane is added
  /// any more.
  void join(std::size_t except) {
    for (lane_slot& slot : slots_) {
      if (!slot.thread.joinable()) continue;
      if (slot.index == except)
        slot.thread.detach();
      else
        slot.thread.join();
    }
  }

 private:
  /// It could take a batch.
  [[nodiscard]] bool is_ready(const lane_slot& slot) const noexcept {
    return slot.now == lane_slot::state::idle && slot.index < wanted_ && !slot.lost;
  }

  void count_ready() noexcept {
    ready_ = 0;
    for (const lane_slot& slot : slots_) ready_ += is_ready(slot);
  }

  /// Lanes of the same device that run a batch.
  [[nodiscard]] std::size_t busy_beside(const lane_slot& slot) const noexcept {
    std::size_t count = 0;
    for (std::size_t i = slot.index % devices_; i < slots_.size(); i += devices_)
      count += slots_[i].now == lane_slot::state::busy;
    return count;
  }

  std::deque<lane_slot> slots_;
  std::size_t wanted_ = 0;
  std::size_t devices_ = 1;
  std::size_t ready_ = 0;
  std::size_t woken_ = 0;
  std::size_t busy_ = 0;
};

}  // namespace carpool::execution
