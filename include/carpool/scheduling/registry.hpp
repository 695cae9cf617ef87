// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/admission.hpp>
#include <carpool/scheduling/fleet.hpp>
#include <carpool/scheduling/ledger.hpp>
#include <carpool/scheduling/outcome.hpp>
#include <carpool/scheduling/policy.hpp>
#include <carpool/scheduling/waiting_request.hpp>
#include <carpool/scheduling/waiting_room.hpp>
#include <carpool/stats.hpp>
#include <carpool/time.hpp>

#include <boost/config.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace carpool::scheduling {

/// The requests' side of the scheduler: who is here, waiting or running, how requests come in and how they
/// leave without a result. How batches come about is the batch_scheduler's part.
class registry {
 public:
  // ---- requests

  /// Why `count` requests with this deadline cannot be admitted now, all or none; empty when they can.
  [[nodiscard]] std::optional<outcome> refusal(std::size_t count, time_point deadline, time_point now,
                                               const demand& asked = {}) const noexcept {
    if (fleet_.usable() == 0 && waiting_.open()) return outcome::device_lost;
    return waiting_.refusal(count, deadline, now, asked);
  }

  /// Counts requests that ended at the door.
  void refuse(std::size_t count, outcome why) noexcept {
    ledger_.submitted(count);
    ledger_.ended(why, count);
  }

  /// Requests that still fit into the queue, by their number alone.
  [[nodiscard]] std::size_t room() const noexcept { return waiting_.room(); }

  /// Requests that can be admitted whoever they are, without reserve() and before their deadlines.
  [[nodiscard]] std::size_t spare() const noexcept { return fleet_.usable() > 0 ? waiting_.spare() : 0; }

  /// Makes the next `count` admits, of requests with this key and priority, unable to throw. Throws what
  /// key_weight throws.
  void reserve(std::size_t count, const waiting_request& like = {}) { waiting_.reserve(count, like); }

  /// Queues a request that refusal() let through, or lets it share the run of its ride.
  void admit(const waiting_request& request) {
    ledger_.submitted();
    heed_deadline(request);
    if (request.ride != 0) return share(request);
    waiting_.join(request);
    policy_.on_arrival(request);
  }

  /// The same for one of as many as spare() says, which shares its run with nobody; to be counted afterwards.
  BOOST_FORCEINLINE void admit_spare(const waiting_request& request) {
    heed_deadline(request);
    waiting_.join_spare(request);
    policy_.on_arrival(request);
  }

  /// Counts requests that admit_spare() has queued.
  void count_spare(std::size_t admitted) noexcept { ledger_.submitted(admitted); }

  /// When a request expires at the earliest.
  [[nodiscard]] time_point next_deadline() const noexcept { return next_deadline_; }

  /// The rides that requests may share.
  [[nodiscard]] const scheduling::rides& rides() const noexcept { return waiting_.rides(); }

  /// The caller gives a request up. Waiting: it leaves. In a batch: it leaves unless `only_if_waiting`, at
  /// once or when the batch is sealed. Unknown, because it just ended: nothing.
  template <class Leave>
  void cancel(const void* handle, bool only_if_waiting, time_point now, Leave leave) {
    const auto is_it = [handle](const waiting_request& request) { return request.handle == handle; };
    if (remove_riders(is_it, !only_if_waiting, outcome::cancelled, leave) > 0) return;
    if (remove_waiting(is_it, outcome::cancelled, now, leave) || only_if_waiting) return;
    remove_running(is_it, outcome::cancelled, leave);
  }

  // ---- the end; from each of these on no request is admitted any more

  /// What waits still runs, when the policy wants it to.
  void stop_accepting() noexcept { waiting_.close(); }

  /// What waits leaves as soon as lanes are free, whatever the policy is waiting for.
  void flush() noexcept {
    stop_accepting();
    flushing_ = true;
  }

  /// What waits leaves as shut_down. Running batches go on.
  template <class Leave>
  void close(time_point now, Leave leave) {
    stop_accepting();
    closed_ = true;
    empty_queue(outcome::shut_down, now, leave);
  }

  /// What waits and what runs leaves as shut_down, running requests as early as with cancel(). Their batches
  /// end for nobody.
  template <class Leave>
  void abort(time_point now, Leave leave) {
    close(now, leave);
    remove_riders(anybody, true, outcome::shut_down, leave);
    remove_running(anybody, outcome::shut_down, leave);
  }

  /// None of these has happened.
  [[nodiscard]] bool accepting() const noexcept { return waiting_.open(); }

  /// Nothing waits and nothing runs.
  [[nodiscard]] bool empty() const noexcept { return waiting_.queue().empty() && fleet_.busy() == 0; }

  /// That, and nothing will come any more.
  [[nodiscard]] bool drained() const noexcept { return !accepting() && empty(); }

  /// A lane is collecting the inputs of its batch, whose members leave when it has been sealed.
  [[nodiscard]] bool collecting() const noexcept { return fleet_.collecting(); }

  // ---- what happened

  /// Everything but the bounds in force.
  [[nodiscard]] stats count(time_point now) const noexcept {
    stats s;
    ledger_.report(s);
    fleet_.report(s, now);
    const wait_queue& queue = waiting_.queue();
    s.queued = queue.size() + rides().waiting();
    for (std::size_t i = 0; i < queue.size(); ++i) s.queued_work += queue[i].work;
    s.running = running_ + rides().running();
    s.shared = rides().boarded();
    if (!queue.empty()) s.oldest_age = std::max(now - queue.oldest_arrival(), duration::zero());
    return s;
  }

 protected:
  explicit registry(any_policy policy) : policy_(std::move(policy)) {}

  void end_running(outcome why) noexcept {
    ledger_.ended(why);
    --running_;
  }

  /// What waits leaves.
  template <class Leave>
  void empty_queue(outcome why, time_point now, Leave& leave) {
    remove_riders(anybody, false, why, leave);
    remove_waiting(anybody, why, now, leave);
  }

  template <class Leave>
  auto giving_up(outcome why, Leave& leave) {
    return [this, why, &leave](const waiting_request& request) {
      ledger_.ended(why);
      leave(request.handle, why);
    };
  }

  /// Who takes the place of a member that has left its batch early.
  [[nodiscard]] std::optional<waiting_request> successor_of(const waiting_request& member) noexcept {
    if (member.ride == 0) return std::nullopt;
    const auto successor = waiting_.rides().succeed(member);
    running_ += successor.has_value();
    return successor;
  }

  /// A lane whose batch has run this long by now, each batch once. Nobody boards such a run any more.
  [[nodiscard]] std::optional<std::size_t> newly_hung(time_point now, duration after) noexcept {
    const auto lane = fleet_.newly_hung(now, after);
    if (lane)
      for (const waiting_request& member : fleet_[*lane].members())
        if (member.ride != 0) waiting_.rides().close(member.ride);
    return lane;
  }

  /// next_deadline_ is a lower bound: exact after an expiry, possibly too early once requests have left
  /// otherwise.
  template <class Leave>
  void expire(time_point now, Leave& leave) {
    if (empty()) next_deadline_ = never;
    if (now >= next_deadline_) expire_due(now, leave);
  }

  template <class Leave>
  void expire_due(time_point now, Leave& leave) {
    const wait_queue& queue = waiting_.queue();
    const auto due = [now](const waiting_request& request) { return request.deadline <= now; };
    remove_riders(due, true, outcome::expired, leave);
    if (queue.deadlines_ascend())
      remove_head(due, now, leave);
    else
      remove_waiting(due, outcome::expired, now, leave);
    fleet_.expire(now, running_out(outcome::expired, leave));
    next_deadline_ = std::min(fleet_.next_deadline(), rides().next_deadline());
    const std::size_t candidates =
        queue.deadlines_ascend() ? std::min<std::size_t>(queue.size(), 1) : queue.size();
    for (std::size_t i = 0; i < candidates; ++i) next_deadline_ = std::min(next_deadline_, queue[i].deadline);
  }

  any_policy policy_;
  waiting_room waiting_;
  fleet fleet_;
  ledger ledger_;
  std::size_t running_ = 0;  // members of batches that still wait
  bool flushing_ = false;
  bool closed_ = false;  // nothing that waits runs any more
  time_point next_deadline_ = never;

 private:
  void heed_deadline(const waiting_request& request) noexcept {
    if (request.deadline < next_deadline_) next_deadline_ = request.deadline;
  }

  static constexpr auto anybody = [](const waiting_request&) { return true; };

  /// Where memory is too short for a ride the request goes alone. (Not to be inlined into every admission.)
  BOOST_NOINLINE void share(const waiting_request& request) {
    const bool boards = rides().open(request.ride);
    if (waiting_.share(request)) {
      if (!boards) policy_.on_arrival(request);
      return;
    }
    waiting_request alone = request;
    alone.ride = 0;
    waiting_.join(alone);
    policy_.on_arrival(alone);
  }

  /// Riders leave before hosts, so that no place goes to one that does not want it any more.
  template <class Matches, class Leave>
  std::size_t remove_riders(Matches matches, bool running, outcome why, Leave& leave) {
    return waiting_.rides().leave_if(matches, running, giving_up(why, leave));
  }

  /// Removes the waiting requests that match and hands them to the shell; their number.
  template <class Matches, class Leave>
  std::size_t remove_waiting(Matches matches, outcome why, time_point now, Leave& leave) {
    const std::size_t removed = waiting_.remove_if(matches, giving_up(why, leave));
    if (removed > 0) policy_.on_removed(removed, now);
    return removed;
  }

  /// The same for those at the head of the queue that match: where all have the same time limit, nobody else
  /// has to be looked at, however long the queue is.
  template <class Matches, class Leave>
  void remove_head(Matches matches, time_point now, Leave& leave) {
    const wait_queue& queue = waiting_.queue();
    std::size_t count = 0;
    while (count < queue.size() && matches(queue[count])) ++count;
    if (count == 0) return;
    const std::size_t removed = waiting_.remove(positions::run(0, count), giving_up(outcome::expired, leave));
    if (removed > 0) policy_.on_removed(removed, now);
  }

  template <class Matches, class Leave>
  void remove_running(Matches matches, outcome why, Leave& leave) {
    fleet_.leave_if(matches, why, running_out(why, leave));
  }

  template <class Leave>
  auto running_out(outcome why, Leave& leave) {
    return [this, why, &leave](const waiting_request& member) {
      end_running(why);
      leave(member.handle, why);
      return successor_of(member);
    };
  }
};

}  // namespace carpool::scheduling
