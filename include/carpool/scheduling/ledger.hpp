// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/outcome.hpp>
#include <carpool/scheduling/waiting_request.hpp>
#include <carpool/stats.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace carpool::scheduling {

/// What has happened since construction, in numbers.
class ledger {
 public:
  void submitted(std::size_t count = 1) noexcept { submitted_ += count; }
  void ended(outcome why, std::size_t count = 1) noexcept { ended_[static_cast<std::size_t>(why)] += count; }

  /// These leave the queue, `in_order` of their arrivals or not. Those that arrived together, as those of one
  /// run of handlers do, are recorded together.
  void departed(std::span<const waiting_request> members, bool in_order, time_point now) noexcept {
    const bool together = in_order && members.front().arrival == members.back().arrival;
    for (auto first = members.begin(); first != members.end();) {
      const auto later = [&](const waiting_request& other) { return other.arrival != first->arrival; };
      const auto last = together ? members.end() : std::find_if(first, members.end(), later);
      queue_time_.record(nanoseconds(now - first->arrival), static_cast<std::uint64_t>(last - first));
      first = last;
    }
  }
  void batch_started(std::size_t size, departure reason) noexcept {
    ++batches_;
    ++departures_[static_cast<std::size_t>(reason)];
    batch_size_.record(size);
  }
  void batch_ended(duration time) noexcept { execution_time_.record(nanoseconds(time)); }

  void report(stats& s) const noexcept {
    const auto count = [this](outcome why) { return ended_[static_cast<std::size_t>(why)]; };
    s.submitted = submitted_;
    s.succeeded = count(outcome::succeeded);
    s.failed = count(outcome::failed) + count(outcome::device_lost);
    s.rejected = count(outcome::rejected) + count(outcome::too_large);
    s.expired = count(outcome::expired);
    s.cancelled = count(outcome::cancelled);
    s.shut_down = count(outcome::shut_down);
    s.batches = batches_;
    s.departures = departures_;
    s.batch_size = batch_size_;
    s.queue_time = queue_time_;
    s.execution_time = execution_time_;
  }

 private:
  static constexpr std::uint64_t nanoseconds(duration time) noexcept {
    return static_cast<std::uint64_t>(std::max(time, duration::zero()) / std::chrono::nanoseconds{1});
  }

  std::uint64_t submitted_ = 0;
  std::array<std::uint64_t, outcome_count> ended_{};
  std::uint64_t batches_ = 0;
  std::array<std::uint64_t, departure_count> departures_{};
  size_histogram batch_size_;
  duration_histogram queue_time_;
  duration_histogram execution_time_;
};

}  // namespace carpool::scheduling
