// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/waiting_request.hpp>
#include <carpool/simulate/dice.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace carpool::simulate {

/// Where requests come from.
///
/// - `next()`: when the next one arrives, `never` if none will. It may change when a request ends.
/// - `take()`: that request, which arrives now; its handle must not be null.
/// - `ended(handle, now)`: a request got its answer, or failed.
template <class S>
concept arrival_source = requires(S source, const S& seen, void* handle, time_point now) {
  { seen.next() } -> std::same_as<time_point>;
  { source.take() } -> std::same_as<scheduling::waiting_request>;
  source.ended(handle, now);
};

/// A request of a trace.
struct arrival {
  time_point at{};
  double work = 1;
};

/// Plays a trace, in order of time; its callers do not react to answers (an open loop). Refers to the trace.
class replay {
 public:
  /// Every request must be answered within `deadline` of its arrival.
  explicit replay(std::span<const arrival> trace, duration deadline = duration::max()) noexcept
      : trace_(trace), deadline_(deadline) {}

  [[nodiscard]] time_point next() const noexcept { return at_ < trace_.size() ? trace_[at_].at : never; }

  [[nodiscard]] scheduling::waiting_request take() noexcept {
    const arrival& request = trace_[at_++];
    return {.arrival = request.at,
            .deadline = saturating_add(request.at, deadline_),
            .work = request.work,
            .handle = this};
  }

  void ended(void*, time_point) noexcept {}

 private:
  std::span<const arrival> trace_;
  duration deadline_;
  std::size_t at_ = 0;
};

/// Clients that each wait for their answer, think for an exponentially distributed time and ask again (a
/// closed loop).
class closed_loop {
 public:
  closed_loop(std::size_t clients, double mean_think_seconds, time_point until, std::uint64_t seed,
              duration deadline = duration::max())
      : mean_think_(mean_think_seconds), until_(until), deadline_(deadline), dice_(seed), clients_(clients) {
    for (std::size_t i = 0; i < clients; ++i) think(i, time_point{});
  }

  [[nodiscard]] time_point next() const noexcept { return asking_.empty() ? never : asking_.front().first; }

  [[nodiscard]] scheduling::waiting_request take() {
    std::pop_heap(asking_.begin(), asking_.end(), std::greater<>{});
    const auto [at, client] = asking_.back();
    asking_.pop_back();
    return {.arrival = at, .deadline = saturating_add(at, deadline_), .handle = &clients_[client]};
  }

  void ended(void* handle, time_point now) {
    think(static_cast<std::size_t>(static_cast<char*>(handle) - clients_.data()), now);
  }

 private:
  void think(std::size_t client, time_point now) {
    const time_point at = now + from_seconds(dice_.exponential(mean_think_));
    if (at >= until_) return;
    asking_.emplace_back(at, client);
    std::push_heap(asking_.begin(), asking_.end(), std::greater<>{});
  }

  double mean_think_;
  time_point until_;
  duration deadline_;
  dice dice_;
  std::vector<char> clients_;                               // their addresses are the handles
  std::vector<std::pair<time_point, std::size_t>> asking_;  // a heap, the next one in front
};

}  // namespace carpool::simulate
