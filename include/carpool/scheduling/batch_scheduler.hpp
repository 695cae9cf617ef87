// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/action.hpp>
#include <carpool/scheduling/fair_share.hpp>
#include <carpool/scheduling/flight.hpp>
#include <carpool/scheduling/limits_in_force.hpp>
#include <carpool/scheduling/next_step.hpp>
#include <carpool/scheduling/outcome.hpp>
#include <carpool/scheduling/policy.hpp>
#include <carpool/scheduling/queue_rules.hpp>
#include <carpool/scheduling/queue_view.hpp>
#include <carpool/scheduling/registry.hpp>
#include <carpool/scheduling/succession.hpp>
#include <carpool/scheduling/waiting_request.hpp>
#include <carpool/stats.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <new>
#include <optional>
#include <span>
#include <utility>
#include <variant>

namespace carpool::scheduling {

/// All that a batcher decides and remembers: who is admitted, who waits, who expires, what leaves as a batch,
/// who left early, and the counts. No I/O, no clock, no thread: the shell calls it under its lock with the
/// time, and obeys.
///
/// Requests that end are handed to the shell as `leave(handle, outcome)`, each exactly once. Invariants: no
/// batch is empty, larger than max_batch_size, or of more than one request and heavier than max_batch_work;
/// no request joins a queue that holds max_size; a lane has at most one batch; submitted = outcomes + queued
/// + running.
class batch_scheduler final : public registry {
 public:
  batch_scheduler(const limits& bounds, const queue_rules& rules, any_policy policy)
      : registry(std::move(policy)) {
    reconfigure(bounds, rules, time_point::min());
  }

  // ---- configuration, at any moment

  /// New bounds. Nobody who is here leaves or loses a place for it; a busy lane that is no longer wanted ends
  /// its batch first. Returns the shares until now, with their key_weight. Strong guarantee.
  std::optional<fair_share> reconfigure(const limits& bounds, const queue_rules& rules, time_point now) {
    fleet_.reserve(bounds.lanes);
    auto old_shares = waiting_.apply(rules, bounds);
    fleet_.resize(bounds.lanes, now);
    bounds_.configure(bounds, rules, fleet_);
    hung_after_ = rules.hung_after;
    return old_shares;
  }

  /// Another policy takes over, in exchange for the old one; it is told of everybody who is here. Strong
  /// guarantee.
  void set_policy(any_policy&& successor) {
    brief(successor, waiting_.queue(), fleet_);
    std::swap(policy_, successor);
  }

  // ---- batches

  /// Lets due requests expire and asks the policy. To be called after every event and at `wake_at`. Where
  /// there is no memory to decide, a lane shall try.
  template <class Leave>
  [[nodiscard]] next_step next(time_point now, Leave leave) {
    expire(now, leave);
    if (fleet_.usable() == 0) [[unlikely]]
      empty_queue(outcome::device_lost, now, leave);
    next_step step{.dispatchable = true, .wake_at = next_deadline_};
    if (hung_after_ < duration::max()) {  // before the policy is asked, which waits for no such lane
      step.hung_lane = newly_hung(now, hung_after_);
      step.wake_at = std::min(step.wake_at, fleet_.next_hung(hung_after_));
    }
    try {
      const action wanted = consult(now, leave);
      step.dispatchable = std::holds_alternative<dispatch>(wanted);
      if (const auto* wait = std::get_if<wait_until>(&wanted))
        step.wake_at = std::min(step.wake_at, wait->when);
    } catch (const std::bad_alloc&) {
    }
    return step;
  }

  /// Starts a batch on this free lane if the policy wants one to leave now; its members are then in
  /// batch(lane), and stay where they are until seal(). Without memory for that none leaves.
  template <class Leave>
  [[nodiscard]] bool start(std::size_t lane, time_point now, Leave leave) {
    if (!fleet_.usable(lane)) return false;
    expire(now, leave);
    try {
      const action wanted = consult(now, leave);
      const auto* leaving = std::get_if<dispatch>(&wanted);
      if (leaving != nullptr) depart(lane, *leaving, now);
      return leaving != nullptr;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  /// Since when a lane has been free, if one is; so how much of a wait was for company and not for a lane.
  [[nodiscard]] time_point lane_free_since() const noexcept { return fleet_.free_since(); }

  [[nodiscard]] const flight& batch(std::size_t lane) const noexcept { return fleet_[lane]; }

  /// The lane has collected the inputs: who left meanwhile goes now, and `drop(position)` for each input that
  /// nobody wants any more, last position first. False: nobody is left and the batch is over without a run.
  template <class Leave, class Drop>
  [[nodiscard]] bool seal(std::size_t lane, time_point now, Leave leave, Drop drop) {
    flight& batch = fleet_[lane];
    batch.seal([&](std::size_t position, const waiting_request& member, outcome why) {
      end_running(why);
      leave(member.handle, why);
      const auto successor = successor_of(member);
      if (!successor) drop(position);
      return successor;
    });
    if (batch.members().empty()) {
      land(lane, now, true);
      return false;
    }
    ledger_.batch_started(batch.members().size(), batch.reason());
    return true;
  }

  /// The lane's batch is about to end: nobody joins its runs any more. `share(position, riders)` for each
  /// result that several wait for, in order of positions; there may be fewer riders when the batch ends.
  template <class Share>
  void close_rides(std::size_t lane, Share share) noexcept {
    const auto members = fleet_[lane].members();
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (members[i].handle == nullptr || members[i].ride == 0) continue;
      if (const std::size_t riders = waiting_.rides().close(members[i].ride); riders > 0) share(i, riders);
    }
  }

  /// The lane's batch ended: `claim(position, handle)` for each caller that still waits for the result at
  /// this position, in order of positions and riders last; it returns whether that request succeeded.
  template <class Claim>
  void finish(std::size_t lane, time_point now, bool failed, Claim claim) {
    flight& batch = fleet_[lane];
    const auto members = batch.members();
    std::size_t waited_for = 0;
    std::size_t riders = 0;
    std::size_t succeeded = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (members[i].handle == nullptr) continue;
      ++waited_for;
      succeeded += claim(i, members[i].handle);
      if (members[i].ride == 0) continue;
      waiting_.rides().end(members[i].ride, [&](const waiting_request& rider) {
        ++riders;
        succeeded += claim(i, rider.handle);
      });
    }
    running_ -= waited_for;
    ledger_.ended(outcome::succeeded, succeeded);
    ledger_.ended(outcome::failed, waited_for + riders - succeeded);
    end_batch(lane, now, failed);
  }

  /// All callers of this lane's batch still wait, and nobody shares its run with them.
  [[nodiscard]] bool whole(std::size_t lane) const noexcept {
    return fleet_[lane].whole() && rides().size() == 0;
  }

  /// The same as finish() for a whole batch that was a success for everybody.
  void finish_whole(std::size_t lane, time_point now) {
    const std::size_t succeeded = fleet_[lane].members().size();
    running_ -= succeeded;
    ledger_.ended(outcome::succeeded, succeeded);
    end_batch(lane, now, false);
  }

  // ---- devices

  /// Whether these lanes are on one device. A lane that is not known is on none.
  [[nodiscard]] bool share_device(std::size_t a, std::size_t b) const noexcept {
    return fleet_.knows(a) && fleet_.knows(b) && bounds_.share_device(a, b);
  }

  /// The lane's device is lost, and with it the lane until it is said to be there again. A running batch goes
  /// on. When no lane is left, next() ends what waits, and from then on nobody is admitted.
  void set_lost(std::size_t lane, bool lost, time_point now) noexcept {
    fleet_.set_lost(lane, lost, now);
    bounds_.heed_losses(fleet_);
  }

  /// The lane's batch was for nothing, as its device is lost: its members go back to their places in the
  /// queue, unless they have been given a second chance already, there is nobody to run them, no memory for
  /// them, or `again(position, handle)` says that they cannot run again. Those who do not are left to
  /// finish().
  template <class Again>
  void put_back(std::size_t lane, Again again) noexcept {
    flight& batch = fleet_[lane];
    for (std::size_t i = batch.members().size(); i-- > 0;) {
      waiting_request member = batch.members()[i];
      if (member.handle == nullptr || !has_second_chance(member) || !again(i, member.handle)) continue;
      batch.remove(i);
      --running_;
      member.failed_over = true;
      member = waiting_.put_back(member);
      next_deadline_ = std::min(next_deadline_, member.deadline);
      policy_.on_arrival(member);
    }
  }

  // ---- memory

  /// A batch of this work, a whole one or a part that was run again, did not fit into memory.
  void report_out_of_memory(double work) noexcept { bounds_.on_out_of_memory(work); }

  /// What these members of one batch cost together.
  [[nodiscard]] double cost_of(std::span<const waiting_request> members) noexcept {
    return bounds_.cost_of(members);
  }

  // ---- what happened

  [[nodiscard]] stats snapshot(time_point now) const {
    stats s = count(now);
    s.max_batch_work = bounds_->max_batch_work;
    s.forecast = policy_.forecast(*bounds_, now);
    return s;
  }

 private:
  /// The policy's wish, after all shedding is done.
  template <class Leave>
  action consult(time_point now, Leave& leave) {
    action wanted = wish(now);
    while (std::holds_alternative<shed>(wanted)) {
      give_up(std::get<shed>(wanted).which, now, leave);
      wanted = wish(now);
    }
    return wanted;
  }

  [[nodiscard]] action wish(time_point now) {
    if (waiting_.queue().empty() || fleet_.free() == 0) return idle{};
    waiting_.put_in_order(now);
    if (flushing_) return dispatch{front(), departure::drain};
    return policy_.decide(now, what_waits(), fleet_.free());
  }

  template <class Leave>
  void give_up(positions hopeless, time_point now, Leave& leave) {
    assert(hopeless.size() > 0);
    const std::size_t removed = waiting_.remove(hopeless, giving_up(outcome::expired, leave));
    if (removed > 0) policy_.on_removed(removed, now);
  }

  [[nodiscard]] queue_view what_waits() const noexcept {
    return {waiting_.queue(), *bounds_, !waiting_.open(), fleet_.hung()};
  }

  [[nodiscard]] positions front() const noexcept {
    return positions::run(0, std::min(waiting_.queue().size(), bounds_->max_batch_size));
  }

  /// Strong guarantee.
  void depart(std::size_t lane, const dispatch& leaving, time_point now) {
    const positions which = what_waits().fitting(leaving.which);
    const std::size_t count = which.size();
    assert(count > 0);
    const bool trimmed = count < leaving.which.size() && !flushing_;
    flight& batch = fleet_[lane];
    batch.reserve(count);
    bounds_.reserve(count);
    policy_.reserve(lane, count);
    fleet_.depart(lane, now, trimmed ? departure::full : leaving.reason);
    const bool in_order = waiting_.queue().arrivals_ascend();
    waiting_.serve(which, batch);
    ledger_.departed(batch.members(), in_order, now);
    running_ += count;
    policy_.on_dispatch(lane, batch.members(), now);
  }

  void end_batch(std::size_t lane, time_point now, bool failed) {
    const flight& batch = fleet_[lane];
    ledger_.batch_ended(now - batch.started());
    if (!failed) bounds_.on_success(batch.members());
    land(lane, now, failed);
  }

  void land(std::size_t lane, time_point now, bool failed) noexcept {
    fleet_.land(lane, now);
    policy_.on_done(lane, now, failed);
  }

  [[nodiscard]] bool has_second_chance(const waiting_request& member) noexcept {
    if (member.failed_over || closed_ || fleet_.usable() == 0) return false;
    try {
      waiting_.reserve(1, member);
      return true;
    } catch (...) {
      return false;
    }
  }

  limits_in_force bounds_;
  duration hung_after_ = duration::max();
};

}  // namespace carpool::scheduling
