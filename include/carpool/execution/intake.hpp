// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/cache_line.hpp>
#include <carpool/execution/effects.hpp>
#include <carpool/execution/home.hpp>
#include <carpool/execution/news.hpp>
#include <carpool/execution/request.hpp>
#include <carpool/execution/ride_finder.hpp>
#include <carpool/execution/scheduler_setup.hpp>
#include <carpool/execution/submission.hpp>
#include <carpool/options.hpp>
#include <carpool/scheduling/batch_scheduler.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/config.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace carpool::execution {

/// The part of the shell that lets submissions into the scheduler's queue or refuses them, in the midst of an
/// event; and what is known of them without the lock.
template <class Clock>
class intake {
 protected:
  using executor_type = boost::asio::any_io_executor;

  intake(const executor_type& executor, const options& given, scheduling::any_policy policy,
         std::unique_ptr<ride_finder> sharing)
      : home_(executor),
        scheduler_(limits_of(given), rules_of(given), std::move(policy)),
        observer_(given.observer),
        sharing_(std::move(sharing)),
        room_(scheduler_.room()) {}
  ~intake() = default;

  /// Leaves this one to a lane that is awake, without the lock: it is let in before the lane looks for its
  /// next batch. Not if there might be no room or memory for it, or a time at which something has to happen.
  /// False: it has not been submitted.
  [[nodiscard]] bool leave_to_awake(submission& one) noexcept {
    const auto count = static_cast<std::ptrdiff_t>(one.count());
    if (one.facts().deadline != never || spare_.load(std::memory_order_relaxed) < count) return false;
    if (spare_.fetch_sub(count, std::memory_order_relaxed) >= count && inbox_.push_if_watched(one))
      return true;
    spare_.fetch_add(count, std::memory_order_relaxed);
    return false;
  }

  /// Makes letting this one in, as the next one, unable to throw.
  void reserve(submission& one) {
    scheduler_.reserve(one.count(), one.facts());
    keep_running();
    if (observer_) make_records(one);
  }

  /// Lets in who has been submitted since the last event.
  void let_in(time_point now, effects& out) {
    if (!inbox_.empty()) let_in(inbox_.take(), now, out);
  }

  /// Lets in a chain as of inbox::take().
  void let_in(submission* chain, time_point now, effects& out) {
    // Those who are refused may be so after the end of the executor. Without memory admit() tries again.
    if (scheduler_.accepting() && !work_) try_to_keep_running();
    while ((chain = let_in_plainly(chain, now)) != nullptr)
      admit(*std::exchange(chain, chain->next()), now, out);
    publish_room();
  }

  /// Ends requests that get no result.
  [[nodiscard]] auto failing(effects& out) noexcept {
    return [this, &out](void* handle, scheduling::outcome why) {
      auto& request = *static_cast<pending_request*>(handle);
      if (request.record != nullptr) out.told.add(take_record(request), code_of(why), Clock::now());
      request.fail(code_of(why), out.ready);
    };
  }

  /// Counts a request that ended at the door, before there was an operation.
  void report_refused(boost::system::error_code why, time_point arrival, effects& out) {
    if (observer_) out.told.add(make_record(arrival), why, arrival);
  }

  /// Of a request that ends and has one.
  [[nodiscard]] std::unique_ptr<request_record> take_record(pending_request& request) noexcept {
    --records_;
    return std::unique_ptr<request_record>(std::exchange(request.record, nullptr));
  }

  /// Some requests have one.
  [[nodiscard]] bool any_records() const noexcept { return records_ > 0; }

  /// An operation is pending from now on: the executor must not run dry.
  void keep_running() {
    if (!work_)
      work_ = boost::asio::prefer(home_.executor(), boost::asio::execution::outstanding_work.tracked);
  }

  BOOST_NOINLINE void try_to_keep_running() noexcept {
    try {
      keep_running();
    } catch (...) {
    }
  }

  /// After everything that makes or takes room.
  void publish_room() noexcept {
    room_.store(scheduler_.room(), std::memory_order_relaxed);
    const std::size_t spare = sharing_ ? 0 : scheduler_.spare();  // who may share a run must not miss it
    spare_.store(static_cast<std::ptrdiff_t>(spare), std::memory_order_relaxed);
  }

  const home home_;

  // Guarded by the lock.
  scheduling::batch_scheduler scheduler_;
  executor_type work_;  // outstanding on its executor while an operation is pending, else empty
  std::shared_ptr<observer> observer_;
  const std::unique_ptr<ride_finder> sharing_;  // if requests with the same input share a run

  // Not guarded: what all who submit touch, in a cache line of its own.
  alignas(cache_line) inbox inbox_;
  std::atomic<std::size_t> room_;          // scheduler_.room() after the last event
  std::atomic<std::ptrdiff_t> spare_ = 0;  // scheduler_.spare() after it, less those who have come since

 private:
  /// Lets in those at the head of a chain who need no further look, and returns the rest. Their deadlines
  /// were looked at at the door.
  [[nodiscard]] submission* let_in_plainly(submission* chain, time_point now) noexcept {
    const std::size_t spare = observer_ || sharing_ || !work_ ? 0 : scheduler_.spare();
    std::size_t left = spare;
    for (; chain != nullptr && left > 0; chain = chain->next()) {
      if (chain->count() == 1) [[likely]] {
        let_in_plainly(chain->first(), now);
        --left;
      } else if (chain->count() <= left) {
        let_in_all_plainly(*chain, now);
        left -= chain->count();
      } else {
        break;
      }
    }
    scheduler_.count_spare(spare - left);
    return chain;
  }

  BOOST_FORCEINLINE void let_in_plainly(pending_request& request, time_point now) noexcept {
    request.arrive(now);
    scheduler_.admit_spare(request.facts);
  }

  BOOST_NOINLINE void let_in_all_plainly(submission& several, time_point now) noexcept {
    several.for_each([&](pending_request& request) { let_in_plainly(request, now); });
  }

  /// Queues all requests, or none and completes the operation with the reason.
  BOOST_NOINLINE void admit(submission& one, time_point now, effects& out) {
    one.arrive(now);
    if (observer_) make_records(one);
    const auto& facts = one.facts();
    if (const auto why = scheduler_.refusal(one.count(), facts.deadline, facts.arrival, one.demand()))
      return refuse(one, *why, out);
    if (!find_place(one)) return refuse(one, scheduling::outcome::rejected, out);
    one.for_each([&](pending_request& request) {
      if (sharing_) request.facts.ride = sharing_->ride_of(request, scheduler_.rides());
      scheduler_.admit(request.facts);
    });
  }

  /// Whether there is a place for these in the queue, also by the user's key_weight, and memory for an
  /// executor that does not run dry.
  [[nodiscard]] bool find_place(submission& one) noexcept {
    try {
      scheduler_.reserve(one.count(), one.facts());
      keep_running();
      return true;
    } catch (...) {
      return false;
    }
  }

  void refuse(submission& one, scheduling::outcome why, effects& out) noexcept {
    scheduler_.refuse(one.count(), why);
    one.for_each([&](pending_request& request) { failing(out)(&request, why); });
  }

  /// For the observer, that is told of each; where memory is that short, of none.
  void make_records(submission& one) noexcept {
    one.for_each([&](pending_request& request) {
      if (request.record != nullptr) return;
      request.record = make_record(request.facts.arrival, request.facts.work).release();
      records_ += request.record != nullptr;
    });
  }

  [[nodiscard]] std::unique_ptr<request_record> make_record(time_point arrival, double work = 1) noexcept {
    std::unique_ptr<request_record> record(new (std::nothrow) request_record());
    if (!record) return nullptr;
    record->report.id = ++requests_;
    record->report.work = work;
    record->report.arrival = arrival;
    return record;
  }

  // Guarded by the lock.
  alignas(cache_line) std::uint64_t requests_ = 0;  // that the observer has been or will be told of
  std::size_t records_ = 0;                         // that requests have
};

}  // namespace carpool::execution
