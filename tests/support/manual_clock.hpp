// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// A clock that stands still until a test moves it, and the Asio timer that belongs to it, so that everything
// about time is tested without waiting and comes out the same every time. For tests with one thread.

#pragma once

#include <carpool/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/wait_traits.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace carpool::test {

class manual_clock {
 public:
  using duration = carpool::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = carpool::time_point;
  static constexpr bool is_steady = true;

  static time_point now() noexcept {
    ++reads_;
    return now_;
  }

  /// Jumps ahead; waits that have become due are posted, the earliest first.
  static void advance(duration by) {
    now_ = saturating_add(now_, by);
    for (timer* next = first(); next != nullptr && next->expiry <= now_; next = first()) next->expire();
  }

  /// Forgets all that was before; no timer may be left.
  static void reset() noexcept { now_ = time_point{} + std::chrono::hours{1000}; }

  /// How often it has been read, and how often a timer has been set, so far.
  [[nodiscard]] static std::size_t reads() noexcept { return reads_; }
  [[nodiscard]] static std::size_t armings() noexcept { return armings_; }

  /// Timers that somebody waits for, and when the first of them is due.
  [[nodiscard]] static std::size_t armed_timers() noexcept { return waiting_.size(); }
  [[nodiscard]] static std::optional<time_point> next_expiry() noexcept {
    return waiting_.empty() ? std::nullopt : std::optional(first()->expiry);
  }

 private:
  friend boost::asio::basic_waitable_timer<manual_clock>;

  struct timer {
    virtual void expire() = 0;
    time_point expiry{};

   protected:
    ~timer() = default;
  };

  static timer* first() noexcept {
    const auto found = std::min_element(waiting_.begin(), waiting_.end(),
                                        [](timer* a, timer* b) { return a->expiry < b->expiry; });
    return found == waiting_.end() ? nullptr : *found;
  }

  static bool forget(timer& waited_for) { return std::erase(waiting_, &waited_for) > 0; }

  static inline time_point now_{};
  static inline std::size_t reads_ = 0;
  static inline std::size_t armings_ = 0;
  static inline std::vector<timer*> waiting_;  // in the order in which they were armed
};

}  // namespace carpool::test

/// The timer that carpool makes for a batcher with this clock. As with Asio's own, a wait that has become due
/// is posted and cannot be cancelled any more; one wait at a time. Asio's timer would do with a wait_traits
/// that never sleeps, but then the kernel's timer decides which poll sees it fire.
template <>
class boost::asio::basic_waitable_timer<carpool::test::manual_clock> final
    : carpool::test::manual_clock::timer {
  using clock = carpool::test::manual_clock;

 public:
  explicit basic_waitable_timer(const any_io_executor& executor) : executor_(executor) {}
  basic_waitable_timer(const basic_waitable_timer&) = delete;
  basic_waitable_timer& operator=(const basic_waitable_timer&) = delete;
  ~basic_waitable_timer() { cancel(); }

  std::size_t expires_at(clock::time_point at) {
    const std::size_t cancelled = cancel();
    expiry = at;
    return cancelled;
  }

  std::size_t cancel() { return finish(error::operation_aborted); }

  void async_wait(std::function<void(boost::system::error_code)> handler) {
    handler_ = std::move(handler);
    work_ = prefer(executor_, execution::outstanding_work.tracked);
    clock::waiting_.push_back(this);
    ++clock::armings_;
    if (expiry <= clock::now_) expire();
  }

 private:
  void expire() override { finish({}); }

  std::size_t finish(boost::system::error_code why) {
    if (!clock::forget(*this)) return 0;
    post(executor_, [handler = std::exchange(handler_, nullptr), why] { handler(why); });
    work_ = {};
    return 1;
  }

  any_io_executor executor_;
  any_io_executor work_;  // keeps the context from running dry while somebody waits
  std::function<void(boost::system::error_code)> handler_;
};
