// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/adaptive_state.hpp>
#include <carpool/scheduling/doomed.hpp>
#include <carpool/scheduling/forecast.hpp>
#include <carpool/scheduling/harm.hpp>
#include <carpool/scheduling/in_flight_limit.hpp>
#include <carpool/scheduling/length_groups.hpp>
#include <carpool/scheduling/moment.hpp>
#include <carpool/scheduling/policy.hpp>
#include <carpool/scheduling/select_run.hpp>
#include <carpool/scheduling/split.hpp>
#include <carpool/scheduling/stagger.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace carpool {

/// The default policy. It learns what a batch costs, how much lanes slow each other down, how fast requests
/// come and how much time they bring, and decides by that:
///
/// - a lone lane never waits, unless the traffic has proved that a short wait gains more than it costs;
/// - lanes that share a device are kept from crowding it; lanes that do not depart evenly spaced;
/// - requests that cannot be in time are failed before they cost others theirs, and a batch is as large as
///   its deadlines allow.
///
/// There is nothing to tune. At most max_batch_size requests and max_batch_work leave together. No wait and
/// no limit of its own holds a request beyond its `leave_by` while a lane is free: that is a promise to the
/// caller, and a batch with that request leaves then. When nobody else can come, it waits for nobody.
class adaptive {
 public:
  adaptive() = default;

  /// Starts from what another one has learnt.
  explicit adaptive(scheduling::adaptive_state learnt) : state_(std::move(learnt)) {}

  [[nodiscard]] const scheduling::adaptive_state& state() const noexcept { return state_; }

  void on_arrival(const scheduling::waiting_request& request) noexcept {
    const double now = tick(request.arrival);
    ++state_.waiting;
    ++state_.outstanding;
    state_.peak.add(state_.outstanding, now);
    if (state_.last_arrival) {
      state_.rate.add(now - *state_.last_arrival);
      state_.slow_rate.add(now - *state_.last_arrival);
    }
    state_.last_arrival = now;
    if (request.deadline == never)
      state_.deadlines.add_without();
    else
      state_.deadlines.add(state_.time.milliseconds(request.deadline) - now,
                           state_.cost.time(state_.work_each));
    state_.largest_work.add(request.work, now);
    state_.lingering.on_arrival(now, state_.cost.fixed, state_.outstanding >= state_.peak.value);
  }

  void on_removed(std::size_t count, time_point now) noexcept {
    tick(now);
    forget_waiting(count);
    forget_outstanding(count);
  }

  void reserve(std::size_t lane, std::size_t count) {
    works_.reserve(count);
    state_.running.reserve(lane, count);
  }

  void on_dispatch(std::size_t lane, std::span<const scheduling::waiting_request> batch,
                   time_point at) noexcept {
    const double now = tick(at);
    works_.clear();
    for (const auto& member : batch) works_.push_back(member.work);
    const double work = batch_work_(works_);
    state_.running.begin(lane, batch, std::isfinite(work) ? work : 0, now, state_.time);
    state_.last_dispatch = now;
    forget_waiting(batch.size());
    state_.epoch.reset();
  }

  void on_done(std::size_t lane, time_point at, bool failed) noexcept {
    const double now = tick(at);
    if (!state_.running.active(lane)) return;
    const auto& batch = state_.running.end(lane, now);
    forget_outstanding(batch.size);
    if (failed) return;  // how long a failure takes says nothing about the model
    const double work_each = batch.work / static_cast<double>(batch.size);
    state_.work_each += (state_.cost.batches == 0 ? 1 : 0.02) * (work_each - state_.work_each);
    state_.largest_batch = std::max(state_.largest_batch, batch.size);
    const double beside = state_.running.concurrency(batch, now);
    if (now - batch.start >= state_.cost.least_time(batch.work, beside)) state_.confirmed = now;
    state_.cost.add(batch.work, now - batch.start, beside);
    const double horizon = std::max(5.0, 4 * state_.cost.time(state_.work_each));
    state_.rate.per_horizon = 1 / horizon;
    state_.slow_rate.per_horizon = 1 / (16 * horizon);
  }

  [[nodiscard]] scheduling::action decide(time_point at, const scheduling::queue_view& queue,
                                          std::size_t free_lanes) {
    using namespace scheduling;
    tick(at);
    batch_work_ = queue.bounds().batch_work;
    state_.cost.devices = queue.bounds().devices;
    state_.lingering.settle(state_.now, state_.cost.fixed);
    if (queue.size() == 0 || free_lanes == 0) return idle{};
    const moment here = look(queue, free_lanes);
    const bool due = queue.leave_by() <= at;
    if (here.ending() >= here.limit && !due) return hold(at, queue);
    const bool confirmed = state_.now - state_.confirmed < 8 * state_.cost.time(state_.work_each);
    find_doomed(here, state_.largest_work.value, confirmed, doomed_);
    if (!doomed_.empty()) return shed{positions::list(doomed_)};
    begin_epoch(here);
    const candidate batch = choose(here, at, due);
    if (!due) {
      if (const double until = linger_until(here); until > here.now + instant) return hold(at, queue, until);
      if (harm_estimate(here).outweighs(batch)) return hold(at, queue);
      const double until = stagger_until(here, batch, state_.last_dispatch, state_.epoch->since);
      if (until > here.now + instant) return hold(at, queue, until);
    }
    return leave(here, batch, due);
  }

  /// Empty until the first batches have ended.
  [[nodiscard]] std::optional<carpool::forecast> forecast(const scheduling::limits& bounds,
                                                          time_point now) const noexcept {
    if (!state_.cost.ready()) return std::nullopt;
    using milliseconds = carpool::forecast::milliseconds;
    const std::size_t limit = scheduling::in_flight_limit(traffic_in(bounds), bounds.lanes);
    const auto lanes = static_cast<double>(limit);
    scheduling::traffic load = traffic_in(bounds);
    if (state_.last_arrival)
      load.rate =
          state_.rate.value_after(std::max(0.0, state_.time.milliseconds(now) - *state_.last_arrival));
    load.most = affordable(bounds);
    return carpool::forecast{
        .batch_cost = milliseconds{state_.cost.fixed},
        .work_cost = milliseconds{state_.cost.per_work},
        .interference = state_.cost.interference,
        .arrival_rate = 1000 * load.rate,
        .batch_size = std::clamp(load.spaced_batch(lanes), 1.0, load.most),
        .in_flight_limit = limit,
        .load = load.rate / load.capacity(lanes),
        .headroom = load.rate > 0 ? load.capacity(lanes) / load.rate : scheduling::timeline::infinite};
  }

 private:
  static constexpr double instant = 1e-9;  // ms

  double tick(time_point at) noexcept {
    if (at == ticked_) return state_.now;  // the usual case where callers come back together
    ticked_ = at;
    if (!state_.time.origin) state_.time.origin = at;
    return state_.now = std::max(state_.now, state_.time.milliseconds(at));
  }

  void forget_outstanding(std::size_t count) noexcept {
    state_.outstanding = std::max(0.0, state_.outstanding - static_cast<double>(count));
  }

  void forget_waiting(std::size_t count) noexcept {
    state_.waiting -= std::min(state_.waiting, count);
    if (state_.waiting == 0) state_.epoch.reset();
  }

  [[nodiscard]] scheduling::moment look(const scheduling::queue_view& queue, std::size_t free_lanes) {
    scheduling::moment here{.now = state_.now,
                            .queue = queue,
                            .time = state_.time,
                            .load = traffic_in(queue.bounds()),
                            .running = state_.running,
                            .free_lanes = free_lanes,
                            .most = std::min(queue.bounds().max_batch_size, trusted())};
    here.limit = in_flight_limit(here.load, queue.bounds().lanes);
    if (here.ending() == here.limit && can_look_above(here) && state_.looks.allows(state_.cost.batches))
      ++here.limit;
    here.deadlines_count = deadlines_count();
    here.more_expected = !queue.closed() && state_.outstanding < state_.peak.value;
    return here;
  }

  /// Requests of the usual work that the bounds allow in a batch.
  [[nodiscard]] double affordable(const scheduling::limits& bounds) const noexcept {
    const double by_work = std::floor(bounds.max_batch_work / std::max(1e-9, state_.work_each));
    return std::clamp(by_work, 1.0, static_cast<double>(bounds.max_batch_size));
  }

  /// No batch is trusted to take what the fit says if it is more than twice as large as any that has ended.
  [[nodiscard]] std::size_t trusted() const noexcept {
    return 2 * std::max<std::size_t>(state_.largest_batch, 1);
  }

  /// A full batch waits; or one as large as those of late, and all have so much time that none would be late
  /// for it.
  [[nodiscard]] bool can_look_above(const scheduling::moment& here) const noexcept {
    const auto waiting = static_cast<double>(here.waiting());
    if (waiting >= here.load.most) return true;
    const double usual = state_.cost.mean_work() / std::max(1e-9, state_.work_each);
    return waiting >= usual && here.load.slack > 10 * here.load.batch_time(waiting, here.concurrency());
  }

  [[nodiscard]] scheduling::traffic traffic_in(const scheduling::limits& bounds) const noexcept {
    return {.cost = state_.cost,
            .work_each = state_.work_each,
            .slack = state_.deadlines.tight.value,
            .rate = state_.rate.value(),
            .slow_rate = state_.slow_rate.value(),
            .most = std::min(affordable(bounds), static_cast<double>(trusted()))};
  }

  /// Deadlines shorter than a request takes alone cannot be met, and then none is acted on.
  [[nodiscard]] bool deadlines_count() const noexcept {
    if (!state_.cost.ready() || state_.deadlines.tight.value == scheduling::timeline::infinite) return false;
    return state_.cost.batches < 20 || state_.cost.time(state_.work_each) < state_.deadlines.loose.value;
  }

  void begin_epoch(const scheduling::moment& here) {
    using scheduling::linger;
    if (state_.epoch) return;
    const bool met = state_.last_arrival && *state_.last_arrival >= here.now - instant;
    state_.epoch = {here.now, met ? linger::arrival_met_free_lane : linger::lane_came_free};
    state_.lingering.watch(here, state_.epoch->why);
  }

  /// What a departure leaves behind leaves with it, on other lanes, or was left behind for a reason.
  [[nodiscard]] double linger_until(const scheduling::moment& here) const {
    if (state_.last_dispatch == here.now) return -scheduling::timeline::infinite;
    return state_.lingering.until(here, state_.epoch->why, state_.epoch->since);
  }

  /// The next batch; if somebody is due, with one who is.
  [[nodiscard]] scheduling::candidate choose(const scheduling::moment& here, time_point at, bool due) {
    using namespace scheduling;
    const bool padded = batch_work_ == &padded_work && state_.cost.ready();
    candidate batch = padded ? groups_.select(here) : run_selection(here).select(riders_);
    keep_max_batch_work(here, batch);
    const auto is_due = [&](std::size_t i) { return here.queue[i].leave_by <= at; };
    if (!due) return batch;
    for (std::size_t i = 0; i < batch.size(); ++i)
      if (is_due(batch.members[i])) return batch;
    std::size_t first = 0;
    while (first + 1 < here.waiting() && !is_due(first)) ++first;
    batch.members = positions::run(first, std::min(batch.size(), here.waiting() - first));
    keep_max_batch_work(here, batch);
    return batch;
  }

  static void keep_max_batch_work(const scheduling::moment& here, scheduling::candidate& batch) {
    const std::size_t fitting = here.queue.fitting(batch.members).size();
    batch.full = fitting < batch.size();
    cut(batch, fitting);
  }

  static void cut(scheduling::candidate& batch, std::size_t size) noexcept {
    if (size == batch.size()) return;
    batch.work *= static_cast<double>(size) / static_cast<double>(batch.size());
    batch.members = batch.members.prefix(size);
    batch.everybody = false;
  }

  [[nodiscard]] static scheduling::action leave(const scheduling::moment& here, scheduling::candidate batch,
                                                bool due) {
    const auto& bounds = here.queue.bounds();
    const bool full = batch.full || batch.size() >= bounds.max_batch_size;
    cut(batch, split_size(here, batch));
    const auto reason = full                  ? departure::full
                        : due                 ? departure::timeout
                        : batch.pressed       ? departure::deadline
                        : here.queue.closed() ? departure::drain
                                              : departure::lane_free;
    return scheduling::dispatch{batch.members, reason};
  }

  /// Nothing leaves before `until`, or before somebody is due.
  [[nodiscard]] scheduling::action hold(time_point at, const scheduling::queue_view& queue,
                                        double until = scheduling::timeline::infinite) const noexcept {
    time_point wake = queue.leave_by();
    if (until < scheduling::timeline::infinite) wake = std::min(wake, state_.time.point(until));
    if (wake == never) return scheduling::idle{};
    return scheduling::wait_until{std::max(wake, at + duration{1})};
  }

  scheduling::adaptive_state state_;
  time_point ticked_ = time_point::min();
  batch_work batch_work_ = &total_work;
  std::vector<double> works_;
  std::vector<std::size_t> doomed_;
  std::vector<std::size_t> riders_;
  scheduling::length_groups groups_;
};

}  // namespace carpool
