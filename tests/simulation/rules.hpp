// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// How requests may end, and what must hold between events.

#pragma once

#include <carpool/error.hpp>

#include <simulation/retry_ledger.hpp>
#include <simulation/scene.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <utility>

namespace carpool::test {

class rules {
 public:
  rules(scene& at, retry_ledger& retries) : at_(at), retries_(retries) {}

  // ---- when requests are submitted

  /// Tells what must become of this operation at the door.
  void predict(operation& made) const {
    if (made.count == 0) return;
    if (at_.closed)
      made.refusal = error::shut_down;
    else if (made.deadline <= manual_clock::now())
      made.refusal = error::expired;
    else
      predict_room(made);
  }

  // ---- when they end

  void completed(operation& of, boost::system::error_code why, const ints& results) {
    ++of.calls;
    at_.expect(of.calls == 1, "an operation completed twice");
    bool plausible =
        (of.may_be_full && why == error::queue_full) || (at_.stranded && why == error::device_lost);
    if (of.refusal)
      return at_.expect(plausible || why == of.refusal, "a refusal has another reason than expected");
    if (!why) return succeeded(of, results);
    for (std::size_t i = of.first; i < of.first + of.count; ++i)
      plausible |= may_end_with(at_.inputs[i], why);
    at_.expect(plausible, "an error without a cause");
  }

  // ---- between events

  /// At every moment.
  void check_counts() {
    if (!at_.batcher) return;
    const stats s = at_.batcher->stats();
    if (std::exchange(at_.overfull, false)) queue_allowance_ = s.queued;
    queue_allowance_ = std::min(queue_allowance_, s.queued);
    lanes_allowance_ = std::min(lanes_allowance_, s.busy_lanes);
    at_.expect(adds_up(s), "the counts do not add up");
    at_.expect(s.submitted == at_.inputs.size(), "a request was not counted");
    at_.expect(s.queued <= std::max(at_.given.max_queue_size, queue_allowance_), "the queue is too long");
    at_.expect(s.lanes == at_.given.lanes, "the lanes are miscounted");
    at_.expect(s.lost_lanes <= s.lanes && (at_.model.loses || s.lost_lanes == 0),
               "a lane was lost that was not");
    at_.expect(s.lost_lanes < s.lanes || s.queued == 0, "a request waits for a lost device");
    at_.expect(s.busy_lanes >= at_.depth && s.busy_lanes <= at_.given.lanes + lanes_allowance_,
               "the busy lanes are miscounted");
    at_.expect(s.max_batch_work <= at_.given.max_batch_work && s.max_batch_work <= retries_.ceiling(),
               "nothing was learnt from a lack of memory");
  }

  /// Other bounds hold from now on; who is here may stay.
  void reconfigured() {
    const stats s = at_.batcher->stats();
    queue_allowance_ = s.queued;
    lanes_allowance_ = s.busy_lanes;
    at_.note_losses();
    retries_.replenish();
  }

  /// When everything has run that can at this time, nobody may wait without need.
  void check_settled() {
    const auto now = manual_clock::now();
    const bool over = at_.aborted || at_.abort_by <= now;
    for (const operation& each : at_.operations) {
      const bool ends = !at_.batcher && at_.depth > 0;  // destroyed in its functor: nobody looks at the clock
      at_.expect(each.calls == 1 || each.deadline > now || ends, "a deadline has passed unnoticed");
      at_.expect(each.calls == 1 || !over, "a request outlives the end of everything");
    }
    check_counts();
    if (!at_.batcher) return;
    const stats s = at_.batcher->stats();
    check_waits(s, now);
    const bool without_work = s.queued + s.running + s.busy_lanes == 0 && at_.depth == 0;
    at_.expect(!without_work || manual_clock::armed_timers() == 0, "a timer is set that nobody needs");
  }

  /// When nothing can happen any more.
  void check_end() {
    for (const operation& each : at_.operations) at_.expect(each.calls == 1, "an operation never completed");
    if (!at_.batcher) return;
    check_counts();
    const stats s = at_.batcher->stats();
    std::uint64_t departed = 0;
    for (const auto count : s.departures) departed += count;
    at_.expect(s.queued + s.running + s.busy_lanes == 0, "something is left");
    at_.expect(s.batches == at_.batches && departed == at_.batches, "the batches are miscounted");
    at_.expect(s.batch_size.sum() == at_.ran, "the sizes of batches are miscounted");
    at_.expect(s.succeeded >= successes_, "successes are miscounted");
  }

 private:
  void predict_room(operation& made) const {
    const stats s = at_.batcher->stats();
    if (s.lost_lanes == s.lanes) {
      made.may_be_full = at_.stranded = true;
      return;
    }
    const auto room = at_.given.max_queue_size - std::min(at_.given.max_queue_size, s.queued);
    double work = 0;
    double heaviest = 0;
    for (std::size_t i = made.first; i < made.first + made.count; ++i) {
      work += at_.inputs[i].work;
      heaviest = std::max(heaviest, at_.inputs[i].work);
    }
    const bool alone = s.queued == 0 && made.count == 1;
    made.may_be_full = at_.model.shares && made.count + s.running > room;  // riders of runs take places
    if (made.count > room)
      made.refusal = error::queue_full;
    else if (at_.given.oversize == oversize::refuse && heaviest > at_.given.max_batch_work)
      made.refusal = error::too_large;
    else if (!alone && s.queued_work + work > at_.given.max_queue_work)
      made.refusal = error::queue_full;
    else
      predict_room_of_key(made);
  }

  void predict_room_of_key(operation& made) const {
    std::size_t surely = 0;
    std::size_t perhaps = 0;
    for (const input& each : at_.inputs) {
      if (each.owner == &made || each.owner->asked.key != made.asked.key) continue;
      surely += at_.waits(each) && !at_.ever_adaptive && !at_.model.shares;
      perhaps += scene::may_wait(each);
    }
    if (surely + made.count > at_.given.max_queue_size_per_key)
      made.refusal = error::queue_full;
    else
      made.may_be_full |= perhaps + made.count > at_.given.max_queue_size_per_key || runs_have_other_keys();
  }

  /// A run may be counted for a key whose request has left it to others.
  [[nodiscard]] bool runs_have_other_keys() const {
    return at_.model.shares && at_.given.max_queue_size_per_key < std::numeric_limits<std::size_t>::max();
  }

  void succeeded(const operation& of, const ints& results) {
    successes_ += of.count;
    at_.expect(results.size() == of.count, "a wrong number of results");
    for (std::size_t i = 0; i < results.size(); ++i) {
      const input& each = at_.inputs[of.first + i];
      const auto serves = [&](const input& other) { return other.served && other.served_at >= of.step; };
      at_.expect(!each.bad && at_.any_equal(each, serves), "a success that was none");
      at_.expect(results[i] == result_of(each), "the result of somebody else");
    }
  }

  [[nodiscard]] bool may_end_with(const input& each, boost::system::error_code why) const {
    const auto now = manual_clock::now();
    if (why == error::expired) return each.owner->deadline <= now || (at_.ever_adaptive && !each.ran);
    if (why == error::shut_down) return at_.closed && (!each.ran || at_.aborted || at_.abort_by <= now);
    if (why == asio::error::operation_aborted)
      return each.owner->cancelled_hard || (each.owner->cancelled_softly && !each.ran);
    if (why == error::device_lost)
      return at_.any_equal(each, [](const input& other) { return other.may_be_lost; });
    return at_.any_equal(each, [why](const input& other) {
      if (other.served) return other.bad && why == asio::error::invalid_argument;
      return retry_ledger::may_fail(other, why);
    });
  }

  void check_waits(const stats& s, time_point now) {
    if (s.busy_lanes + s.lost_lanes >= s.lanes || s.queued == 0) return;
    at_.expect(!at_.flushing, "a request waits for a policy that is not asked any more");
    if (at_.policy.adaptive)
      return at_.expect(manual_clock::next_expiry() || s.busy_lanes > 0, "nobody will wake up");
    at_.expect(!at_.closed, "a request waits for company that cannot come");
    at_.expect(s.oldest_age < at_.policy.delay, "a request waits longer than the delay while a lane is free");
    if (at_.model.shares) return;  // who rides and who waits cannot be told from outside
    at_.expect(s.queued < std::min(at_.policy.size, at_.max_batch()),
               "a full batch waits while a lane is free");
    for (const input& each : at_.inputs)
      at_.expect(!at_.waits(each) || each.owner->leave_by > now,
                 "a request waits longer than it wants to while a lane is free");
  }

  scene& at_;
  retry_ledger& retries_;
  std::size_t queue_allowance_ = 0;  // that were there when there was more room
  std::size_t lanes_allowance_ = 0;  // that were busy when more were wanted
  std::uint64_t successes_ = 0;
};

}  // namespace carpool::test
