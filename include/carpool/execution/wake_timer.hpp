// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>

#include <utility>

namespace carpool::execution {

/// The one timer of a batcher. Arming it for a later time than it already has does nothing (the early wake-up
/// finds nothing to do and arms again), because each change costs a system call. Used under the batcher's
/// lock.
template <class Clock>
class wake_timer {
 public:
  explicit wake_timer(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  /// Calls `wake()` on the executor at `at` or earlier; a wake-up that was overtaken by another arm or disarm
  /// may still come, and must be harmless. If it throws, the timer is not armed.
  template <class Wake>
  void arm(time_point at, Wake wake) {
    if (at >= armed_for_) return;
    armed_for_ = never;
    timer_.expires_at(at);
    timer_.async_wait([wake = std::move(wake)](const boost::system::error_code& aborted) mutable {
      if (!aborted) wake();
    });
    armed_for_ = at;
  }

  /// To be called first when a wake-up has come; one that was overtaken leaves the later one armed.
  void fired(time_point now) noexcept {
    if (now >= armed_for_) armed_for_ = never;
  }

  /// Nobody needs it any more.
  void disarm() {
    if (!needs_disarming()) return;
    armed_for_ = never;
    timer_.cancel();
  }

  /// From now on it stays armed when nobody needs it: to fire costs less than to be taken back and set again.
  void fire_anyway() noexcept { fires_anyway_ = true; }

  /// disarm() would do something.
  [[nodiscard]] bool needs_disarming() const noexcept { return armed_for_ != never && !fires_anyway_; }

  /// When it will fire; `never` when it is not armed.
  [[nodiscard]] time_point armed_for() const noexcept { return armed_for_; }

 private:
  boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, boost::asio::any_io_executor>
      timer_;
  time_point armed_for_ = never;
  bool fires_anyway_ = false;
};

}  // namespace carpool::execution
