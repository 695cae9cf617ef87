// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/batch_scheduler.hpp>
#include <carpool/simulate/arrivals.hpp>
#include <carpool/simulate/dice.hpp>
#include <carpool/simulate/lanes.hpp>
#include <carpool/simulate/measurement.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace carpool::simulate {

/// The service to simulate.
struct service {
  scheduling::limits bounds;
  std::size_t max_queue_size = 4096;
  lane_model model;
  duration timer_lateness{};   ///< timers fire up to this much too late
  time_point measured_from{};  ///< requests that arrive earlier warm the policy up and are not measured
  std::uint64_t seed = 1;      ///< of what is drawn for batches and timers
};

/// Runs carpool's own scheduler and a policy under a virtual clock, which starts at time_point{}: arrivals
/// from the source, batches that take virtual time, one timer. The same service, source and policy give the
/// same measurement.
template <arrival_source Source>
class simulation {
 public:
  simulation(const service& simulated, Source source, scheduling::any_policy policy)
      : service_(simulated),
        source_(std::move(source)),
        scheduler_(simulated.bounds, {.max_size = simulated.max_queue_size}, std::move(policy)),
        lanes_(simulated.model, simulated.bounds.lanes, simulated.seed),
        dice_(~simulated.seed) {}

  /// Until no request is left.
  [[nodiscard]] measurement run() {
    while (step()) {
    }
    std::sort(seen_.latencies.begin(), seen_.latencies.end());
    seen_.counts = scheduler_.snapshot(now_);
    seen_.length = now_ - time_point{};
    const double lane_seconds = to_seconds(seen_.length) * static_cast<double>(service_.bounds.lanes);
    seen_.utilisation = lane_seconds > 0 ? lanes_.busy_seconds() / lane_seconds : 0;
    return std::move(seen_);
  }

 private:
  [[nodiscard]] bool step() {
    const time_point arrives = source_.next();
    const time_point ends = lanes_.next_end();
    const time_point next = std::min({arrives, ends, alarm_});
    if (next == never) return false;
    now_ = next;
    ++seen_.events;
    if (ends == now_)
      finish();
    else if (arrives == now_)
      admit();
    else
      alarm_ = asked_for_ = never;
    react();
    return true;
  }

  void admit() {
    const auto request = source_.take();
    if (is_measured(request)) ++seen_.arrived;
    if (const auto refused = scheduler_.refusal(1, request.deadline, now_)) {
      scheduler_.refuse(1, *refused);
      source_.ended(request.handle, now_);
    } else {
      scheduler_.reserve(1, request);
      scheduler_.admit(request);
    }
  }

  void finish() {
    const std::size_t lane = lanes_.next_lane();
    lanes_.finish(now_);
    scheduler_.finish(lane, now_, false, [&](std::size_t position, void* handle) {
      answer(scheduler_.batch(lane).members()[position]);
      source_.ended(handle, now_);
      return true;
    });
  }

  void answer(const scheduling::waiting_request& request) {
    if (!is_measured(request)) return;
    if (now_ <= request.deadline) ++seen_.on_time;
    seen_.latencies.push_back(now_ - request.arrival);
  }

  /// What the shell of a batcher does after every event.
  void react() {
    const auto leave = [&](void* handle, scheduling::outcome) { source_.ended(handle, now_); };
    for (;;) {
      const auto next = scheduler_.next(now_, leave);
      if (!next.dispatchable) return set_alarm(next.wake_at);
      const std::size_t lane = lanes_.free_lane();
      if (scheduler_.start(lane, now_, leave)) launch(lane);
    }
  }

  void launch(std::size_t lane) {
    if (!scheduler_.seal(
            lane, now_, [](void*, scheduling::outcome) {}, [](std::size_t) {}))
      return;
    works_.clear();
    for (const auto& member : scheduler_.batch(lane).members()) works_.push_back(member.work);
    lanes_.start(lane, service_.bounds.batch_work(works_), now_);
  }

  void set_alarm(time_point when) {
    if (when == asked_for_) return;
    asked_for_ = when;
    alarm_ = when == never ? never : std::max(when, now_) + lateness();
  }

  /// At least one tick, so that time goes on.
  [[nodiscard]] duration lateness() noexcept {
    return std::max(duration{1}, from_seconds(to_seconds(service_.timer_lateness) * dice_.uniform()));
  }

  [[nodiscard]] bool is_measured(const scheduling::waiting_request& request) const noexcept {
    return request.arrival >= service_.measured_from;
  }

  service service_;
  Source source_;
  scheduling::batch_scheduler scheduler_;
  lanes lanes_;
  dice dice_;
  time_point now_{};
  time_point asked_for_ = never;  // when the scheduler wants to be asked again
  time_point alarm_ = never;      // when it is
  std::vector<double> works_;     // of a batch that starts
  measurement seen_;
};

/// Simulates a service once.
template <arrival_source Source>
[[nodiscard]] measurement run(const service& simulated, Source source, scheduling::any_policy policy) {
  return simulation<Source>(simulated, std::move(source), std::move(policy)).run();
}

}  // namespace carpool::simulate
