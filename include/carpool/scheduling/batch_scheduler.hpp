// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/flight.hpp>
#include <carpool/scheduling/policy.hpp>
#include <carpool/scheduling/queue_view.hpp>
#include <carpool/scheduling/wait_queue.hpp>
#include <carpool/stats.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace carpool::scheduling {

/// What the shell has to do until the next event.
struct next_step {
  bool dispatchable = false;   ///< a free lane should call start()
  time_point wake_at = never;  ///< ask again at this time at the latest
};

/// All that a batcher decides and remembers: who is admitted, who waits, who expires, what leaves as a batch,
/// who left early, and the counts. No I/O, no clock, no thread: the shell calls it under its lock with the
/// time, and obeys.
///
/// Requests that end are handed to the shell as `leave(handle, outcome)`, each exactly once. Invariants: no
/// batch is larger than max_batch_size or empty; at most max_queue_size requests wait; a lane has at most one
/// batch; submitted = outcomes + queued + running.
class batch_scheduler {
 public:
  batch_scheduler(limits bounds, std::size_t max_queue_size, any_policy policy)
      : bounds_(bounds), max_queue_size_(max_queue_size), policy_(std::move(policy)), flights_(bounds.lanes) {
    bounds_.max_batch_size = std::min(bounds.max_batch_size, max_queue_size);
  }

  // ---- requests

  /// Why `count` requests with this deadline cannot be admitted now, all or none; empty when they can.
  [[nodiscard]] std::optional<outcome> refusal(std::size_t count, time_point deadline,
                                               time_point now) const noexcept {
    if (!accepting_) return outcome::shut_down;
    if (deadline <= now) return outcome::expired;
    if (count > room()) return outcome::rejected;
    return std::nullopt;
  }

  /// Counts requests that ended at the door.
  void refuse(std::size_t count, outcome why) noexcept {
    submitted_ += count;
    settle(why, count);
  }

  /// Requests that still fit into the queue.
  [[nodiscard]] std::size_t room() const noexcept { return accepting_ ? max_queue_size_ - queue_.size() : 0; }

  /// Makes the next `count` admits unable to throw.
  void reserve(std::size_t count) { queue_.reserve(queue_.size() + count); }

  /// Queues a request that refusal() let through.
  void admit(const waiting_request& request) {
    queue_.push_back(request);
    ++submitted_;
    next_deadline_ = std::min(next_deadline_, request.deadline);
    policy_.on_arrival(request);
  }

  /// The caller gives a request up. Waiting: it leaves. In a batch: it leaves unless `only_if_waiting`, at
  /// once or when the batch is sealed. Unknown, because it just ended: nothing.
  template <class Leave>
  void cancel(const void* handle, bool only_if_waiting, time_point now, Leave leave) {
    const auto is_it = [handle](const waiting_request& request) { return request.handle == handle; };
    if (remove_waiting(is_it, outcome::cancelled, now, leave) || only_if_waiting) return;
    remove_running(is_it, outcome::cancelled, leave);
  }

  /// No request is admitted any more; what waits still runs.
  void stop_accepting() noexcept { accepting_ = false; }

  /// No request is admitted any more, and what waits leaves as shut_down. Running batches go on.
  template <class Leave>
  void close(time_point now, Leave leave) {
    stop_accepting();
    remove_waiting([](const waiting_request&) { return true; }, outcome::shut_down, now, leave);
  }

  /// Nothing waits and nothing runs.
  [[nodiscard]] bool empty() const noexcept { return queue_.empty() && active_flights_ == 0; }

  /// That, and nothing will come any more.
  [[nodiscard]] bool drained() const noexcept { return !accepting_ && empty(); }

  // ---- batches

  /// Lets due requests expire and asks the policy. To be called after every event and at `wake_at`.
  template <class Leave>
  [[nodiscard]] next_step next(time_point now, Leave leave) {
    expire(now, leave);
    const action wanted = consult(now, leave);
    const auto* wait = std::get_if<wait_until>(&wanted);
    return {std::holds_alternative<dispatch>(wanted),
            std::min(next_deadline_, wait == nullptr ? never : wait->when)};
  }

  /// Starts a batch on this free lane if the policy wants one to leave now; its members are then in
  /// batch(lane).
  template <class Leave>
  [[nodiscard]] bool start(std::size_t lane, time_point now, Leave leave) {
    expire(now, leave);
    const action wanted = consult(now, leave);
    const auto* leaving = std::get_if<dispatch>(&wanted);
    if (leaving == nullptr) return false;
    depart(lane, *leaving, now);
    return true;
  }

  [[nodiscard]] const flight& batch(std::size_t lane) const noexcept { return flights_[lane]; }

  /// The lane has collected the inputs: `gone(position, handle, outcome)` for each member that left
  /// meanwhile, last position first. False: nobody is left and the batch is over without a run.
  template <class Gone>
  [[nodiscard]] bool seal(std::size_t lane, time_point now, Gone gone) {
    flight& batch = flights_[lane];
    batch.seal([&](std::size_t position, void* handle, outcome why) {
      end_running(why);
      gone(position, handle, why);
    });
    if (batch.members().empty()) {
      land(lane, now, true);
      return false;
    }
    ++batches_;
    ++departures_[static_cast<std::size_t>(batch.reason())];
    batch_size_.record(batch.members().size());
    return true;
  }

  /// The lane's batch ended: `claim(position, handle)` for each member whose caller still waits; it returns
  /// whether that request succeeded.
  template <class Claim>
  void finish(std::size_t lane, time_point now, bool failed, Claim claim) {
    flight& batch = flights_[lane];
    const auto members = batch.members();
    for (std::size_t i = 0; i < members.size(); ++i)
      if (members[i].handle != nullptr)
        end_running(claim(i, members[i].handle) ? outcome::succeeded : outcome::failed);
    execution_time_.record(nanoseconds(now - batch.started()));
    land(lane, now, failed);
  }

  // ---- what happened

  [[nodiscard]] stats snapshot(time_point now) const noexcept {
    const auto ended = [this](outcome why) { return ended_[static_cast<std::size_t>(why)]; };
    stats s;
    s.submitted = submitted_;
    s.succeeded = ended(outcome::succeeded);
    s.failed = ended(outcome::failed);
    s.rejected = ended(outcome::rejected);
    s.expired = ended(outcome::expired);
    s.cancelled = ended(outcome::cancelled);
    s.shut_down = ended(outcome::shut_down);
    s.queued = queue_.size();
    s.running = running_;
    s.lanes = flights_.size();
    s.busy_lanes = active_flights_;
    s.oldest_age = queue_.empty() ? duration::zero() : std::max(now - queue_[0].arrival, duration::zero());
    s.batches = batches_;
    s.departures = departures_;
    s.batch_size = batch_size_;
    s.queue_time = queue_time_;
    s.execution_time = execution_time_;
    return s;
  }

 private:
  static constexpr std::uint64_t nanoseconds(duration time) noexcept {
    return static_cast<std::uint64_t>(std::max(time, duration::zero()) / std::chrono::nanoseconds{1});
  }

  void settle(outcome why, std::size_t count = 1) noexcept { ended_[static_cast<std::size_t>(why)] += count; }

  void end_running(outcome why) noexcept {
    settle(why);
    --running_;
  }

  /// Removes the waiting requests that match and hands them to the shell; their number.
  template <class Matches, class Leave>
  std::size_t remove_waiting(Matches matches, outcome why, time_point now, Leave& leave) {
    std::size_t removed = 0;
    queue_.erase_if(matches, [&](const waiting_request& request) {
      settle(why);
      ++removed;
      leave(request.handle, why);
    });
    if (removed > 0) policy_.on_removed(removed, now);
    return removed;
  }

  template <class Matches, class Leave>
  void remove_running(Matches matches, outcome why, Leave& leave) {
    for (flight& batch : flights_)
      for (std::size_t i = 0; i < batch.members().size(); ++i) {
        const waiting_request member = batch.members()[i];
        if (member.handle == nullptr || !matches(member) || !batch.leave(i, why)) continue;
        end_running(why);
        leave(member.handle, why);
      }
  }

  /// next_deadline_ is a lower bound: exact after an expiry, possibly too early once requests have left
  /// otherwise.
  template <class Leave>
  void expire(time_point now, Leave& leave) {
    if (empty()) next_deadline_ = never;
    if (now < next_deadline_) return;
    const auto due = [now](const waiting_request& request) { return request.deadline <= now; };
    remove_waiting(due, outcome::expired, now, leave);
    remove_running(due, outcome::expired, leave);
    next_deadline_ = never;
    const auto look = [&](const waiting_request& request) {
      if (request.deadline > now) next_deadline_ = std::min(next_deadline_, request.deadline);
    };
    for (std::size_t i = 0; i < queue_.size(); ++i) look(queue_[i]);
    for (const flight& batch : flights_) std::for_each(batch.members().begin(), batch.members().end(), look);
  }

  /// The policy's wish, after all shedding is done.
  template <class Leave>
  action consult(time_point now, Leave& leave) {
    const queue_view view(queue_, bounds_, !accepting_);
    for (;;) {
      const std::size_t free_lanes = flights_.size() - active_flights_;
      if (queue_.empty() || free_lanes == 0) return idle{};
      action wanted = policy_.decide(now, view, free_lanes);
      const auto* unwanted = std::get_if<shed>(&wanted);
      if (unwanted == nullptr) return wanted;
      const std::size_t count = unwanted->which.size();
      assert(count > 0);
      queue_.extract(unwanted->which, [&](const waiting_request& request) {
        settle(outcome::expired);
        leave(request.handle, outcome::expired);
      });
      policy_.on_removed(count, now);
    }
  }

  void depart(std::size_t lane, const dispatch& leaving, time_point now) {
    flight& batch = flights_[lane];
    const std::size_t count = leaving.which.size();
    assert(!batch.active() && count > 0 && count <= bounds_.max_batch_size);
    batch.reserve(count);
    batch.begin(now, leaving.reason);
    queue_.extract(leaving.which, [&](const waiting_request& request) {
      queue_time_.record(nanoseconds(now - request.arrival));
      batch.add(request);
    });
    running_ += count;
    ++active_flights_;
    policy_.on_dispatch(lane, batch.members(), now);
  }

  void land(std::size_t lane, time_point now, bool failed) noexcept {
    flights_[lane].end();
    --active_flights_;
    policy_.on_done(lane, now, failed);
  }

  limits bounds_;
  std::size_t max_queue_size_;
  any_policy policy_;
  wait_queue queue_;
  std::vector<flight> flights_;  // one per lane
  std::size_t active_flights_ = 0;
  std::size_t running_ = 0;
  bool accepting_ = true;
  time_point next_deadline_ = never;

  std::uint64_t submitted_ = 0;
  std::array<std::uint64_t, outcome_count> ended_{};
  std::uint64_t batches_ = 0;
  std::array<std::uint64_t, departure_count> departures_{};
  size_histogram batch_size_;
  duration_histogram queue_time_;
  duration_histogram execution_time_;
};

}  // namespace carpool::scheduling
