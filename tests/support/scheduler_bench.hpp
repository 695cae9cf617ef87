// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// A scheduler in the hands of a test, and policies for it.

#pragma once

#include <carpool/scheduling/batch_scheduler.hpp>
#include <carpool/scheduling/eager.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace carpool::test {

using namespace scheduling;
using namespace std::chrono_literals;
using numbers = std::vector<std::size_t>;
using departures = std::vector<std::pair<std::size_t, outcome>>;

/// A scheduler, and who left it why.
struct scheduler_bench {
  explicit scheduler_bench(limits bounds = {4, 5ms, 1}, queue_rules rules = {},
                           any_policy policy = any_policy(eager{}))
      : scheduler(bounds, rules, std::move(policy)) {}

  auto leaving() {
    return [this](void* handle, outcome why) { left.emplace_back(number_of(handle), why); };
  }
  void admit(std::size_t number, duration now = 0ms, time_point deadline = never) {
    admit(waiting(number, at(now), deadline));
  }
  void admit(const waiting_request& request) {
    REQUIRE(!why_not(request));
    scheduler.reserve(1, request);
    scheduler.admit(request);
  }
  std::optional<outcome> why_not(const waiting_request& request) const {
    return scheduler.refusal(1, request.deadline, request.arrival, {request.key, request.work, request.work});
  }
  next_step next(duration now) { return scheduler.next(at(now), leaving()); }
  bool start(duration now, std::size_t lane = 0) { return scheduler.start(lane, at(now), leaving()); }
  bool seal(duration now, std::size_t lane = 0) {
    return scheduler.seal(lane, at(now), leaving(),
                          [this](std::size_t position) { dropped.push_back(position); });
  }
  /// Ends the batch; the numbers of those who still waited.
  numbers finish(duration now, bool failed = false, std::size_t lane = 0) {
    numbers claimed;
    scheduler.finish(lane, at(now), failed, [&](std::size_t, void* handle) {
      claimed.push_back(number_of(handle));
      return !failed;
    });
    return claimed;
  }
  /// The members of the next batch, which runs at once and takes no time; nobody if none leaves.
  numbers run(duration now, std::size_t lane = 0) {
    if (!start(now, lane) || !seal(now, lane)) return {};
    return finish(now, false, lane);
  }
  numbers members(std::size_t lane = 0) const {
    numbers result;
    for (const auto& member : scheduler.batch(lane).members()) result.push_back(number_of(member.handle));
    return result;
  }
  void cancel(std::size_t number, bool only_if_waiting = false, duration now = 0ms) {
    scheduler.cancel(&request_numbers.at(number), only_if_waiting, at(now), leaving());
  }
  auto reconfigure(const limits& bounds, const queue_rules& rules = {}, duration now = 0ms) {
    return scheduler.reconfigure(bounds, rules, at(now));
  }
  stats now(duration time = 0ms) const {
    const stats s = scheduler.snapshot(at(time));
    CHECK(s.submitted ==
          s.succeeded + s.failed + s.rejected + s.expired + s.cancelled + s.shut_down + s.queued + s.running);
    return s;
  }

  batch_scheduler scheduler;
  departures left;
  numbers dropped;  // positions in batches
};

/// A policy made of one function.
struct scripted {
  std::function<action(time_point, const queue_view&, std::size_t)> rule;
  void on_arrival(const waiting_request&) {}
  void on_removed(std::size_t, time_point) {}
  void on_dispatch(std::size_t, std::span<const waiting_request>, time_point) {}
  void on_done(std::size_t, time_point, bool) {}
  action decide(time_point now, const queue_view& queue, std::size_t free_lanes) {
    return rule(now, queue, free_lanes);
  }
};

}  // namespace carpool::test
