// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// A queue, a state of `adaptive` and the decision that follows, in words. Times are milliseconds.

#pragma once

#include <carpool/scheduling/adaptive.hpp>

#include <support/waiting.hpp>

#include <cstddef>
#include <cstdio>
#include <initializer_list>
#include <string>

namespace carpool::test {

inline time_point at_ms(double time) { return scheduling::timeline{at({})}.point(time); }

/// One idle lane that has learnt batches of 5 ms + 0.2 ms per request, at 1000 ms.
struct decision_scene {
  decision_scene() {
    state.time.origin = at({});
    state.cost.batches = 100;
    state.cost.fixed = 5;
    state.cost.per_work = 0.2;
    state.cost.least_interference = 0;
    state.cost.noise = 0.03;
    state.largest_batch = 64;
    state.last_dispatch = 990;
    state.peak = {.value = 100, .since = 1000};
    slack(25);
    rate(0);
  }

  void rate(double per_ms, double slow) {
    state.rate = {.count = per_ms, .time = 1};
    state.slow_rate = {.count = slow, .time = 1};
  }
  void rate(double per_ms) { rate(per_ms, per_ms); }

  /// Requests come with this much time.
  void slack(double time) {
    each_slack = time;
    state.deadlines.tight.value = state.deadlines.loose.value = time;
  }

  void waits(std::initializer_list<double> arrivals) {
    for (const double arrival : arrivals) waits_until(arrival, at_ms(arrival + each_slack));
  }
  void waits(double first, double step, int count) {
    for (int i = 0; i < count; ++i) waits({first + step * i});
  }
  void waits_until(double arrival, time_point deadline, double work = 1, time_point leave_by = never) {
    join(queue, {.arrival = at_ms(arrival), .deadline = deadline, .leave_by = leave_by, .work = work});
    state.outstanding = static_cast<double>(queue.size());
    state.waiting = queue.size();
    state.largest_work = {.value = std::max(state.largest_work.value, work), .since = 1000};
  }

  /// `count` requests that must end by `deadline` run since `start`.
  void runs(double start, std::size_t count, double deadline) {
    auto& lane = state.running.lanes.emplace_back();
    lane.active = true;
    lane.start = start;
    lane.work = static_cast<double>(count);
    lane.size = count;
    lane.deadlines.assign(count, deadline);
    ++state.running.count;
    state.running.updated = start;
  }

  /// Other lanes are busy with batches of no interest.
  void busy(std::size_t others) {
    state.running.lanes.resize(others);
    state.running.count = others;
  }

  [[nodiscard]] std::string decision(double now = 1000) const {
    adaptive policy(state);
    return in_words(decide(policy, now));
  }

  /// Why a batch leaves; one has to.
  [[nodiscard]] departure reason() const {
    adaptive policy(state);
    return std::get<scheduling::dispatch>(decide(policy, 1000)).reason;
  }

  static std::string in_words(const scheduling::action& taken) {
    if (const auto* wait = std::get_if<scheduling::wait_until>(&taken)) {
      char text[40];
      std::snprintf(text, sizeof text, "wait until %.4f",
                    scheduling::timeline{at({})}.milliseconds(wait->when));
      return text;
    }
    if (const auto* leaving = std::get_if<scheduling::dispatch>(&taken))
      return "dispatch" + in_words(leaving->which);
    if (const auto* unwanted = std::get_if<scheduling::shed>(&taken))
      return "shed" + in_words(unwanted->which);
    return "idle";
  }

  static std::string in_words(scheduling::positions which) {
    const std::size_t first = which[0];
    std::string list;
    bool run = true;
    for (std::size_t i = 0; i < which.size(); ++i) {
      run = run && which[i] == first + i;
      list += ' ' + std::to_string(which[i]);
    }
    return run ? " [" + std::to_string(first) + ", " + std::to_string(first + which.size()) + ")" : list;
  }

  /// What the policy owns of the answer lives as long as it does.
  [[nodiscard]] scheduling::action decide(adaptive& policy, double now) const {
    const scheduling::queue_view view(queue, bounds, closed, hung_lanes);
    return policy.decide(at_ms(now), view, bounds.lanes - state.running.count);
  }

  scheduling::adaptive_state state;
  scheduling::limits bounds{64, {}, 1};
  scheduling::wait_queue queue;
  bool closed = false;
  std::size_t hung_lanes = 0;
  double each_slack = 25;
};

/// Four lanes, three of them busy, three requests waiting and more to come.
inline decision_scene one_of_four_is_idle(std::initializer_list<double> arrivals = {998.5, 999, 999.5}) {
  decision_scene s;
  s.bounds.lanes = 4;
  s.busy(3);
  s.rate(3);
  s.state.last_dispatch = 999;
  s.waits(arrivals);
  return s;
}

}  // namespace carpool::test
