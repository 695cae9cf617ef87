// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/effects.hpp>
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
      : scheduler_(limits_of(given), rules_of(given), std::move(policy)),
        executor_(executor),
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
    if (observer_) make_records(one);
    keep_running();
  }

  /// Lets in who has been submitted since the last event.
  void let_in(time_point now, effects& out) {
    if (!inbox_.empty()) let_in(inbox_.take(), now, out);
  }

  /// Lets in a chain as of inbox::take().
  void let_in(submission* chain, time_point now, effects& out) {
    if (scheduler_.accepting()) keep_running();  // else all are refused, maybe after the end of the executor
    std::size_t spare = plainly_spare();
    for (submission* each = chain; each != nullptr;) {
      submission& one = *std::exchange(each, each->next());
      if (one.count() <= spare) [[likely]] {
        spare -= one.count();
        one.for_each([&](pending_request& request) {
          request.arrive(now);
          scheduler_.admit_spare(request.facts);
        });
      } else {
        admit(one, now, out);
        spare = plainly_spare();
      }
    }
    publish_room();
  }

  /// Ends requests that get no result.
  [[nodiscard]] static auto failing(effects& out) noexcept {
    return [&out](void* handle, scheduling::outcome why) {
      auto& request = *static_cast<pending_request*>(handle);
      if (request.record) out.told.add(std::move(request.record), code_of(why), Clock::now());
      request.fail(code_of(why), out.ready);
    };
  }

  /// Counts a request that ended at the door, before there was an operation.
  void report_refused(boost::system::error_code why, time_point arrival, effects& out) {
    if (observer_) out.told.add(make_record(arrival), why, arrival);
  }

  /// An operation is pending from now on: the executor must not run dry.
  void keep_running() {
    if (!work_) work_ = boost::asio::prefer(executor_, boost::asio::execution::outstanding_work.tracked);
  }

  /// After everything that makes or takes room.
  void publish_room() noexcept {
    room_.store(scheduler_.room(), std::memory_order_relaxed);
    const std::size_t spare = sharing_ ? 0 : scheduler_.spare();  // who may share a run must not miss it
    spare_.store(static_cast<std::ptrdiff_t>(spare), std::memory_order_relaxed);
  }

  // Guarded by the lock.
  scheduling::batch_scheduler scheduler_;
  const executor_type executor_;
  executor_type work_;  // outstanding on executor_ while an operation is pending, else empty
  std::shared_ptr<observer> observer_;
  const std::unique_ptr<ride_finder> sharing_;  // if requests with the same input share a run

  // Not guarded.
  inbox inbox_;
  std::atomic<std::size_t> room_;          // scheduler_.room() after the last event
  std::atomic<std::ptrdiff_t> spare_ = 0;  // scheduler_.spare() after it, less those who have come since

 private:
  /// Requests that can be admitted without a further look at them. Their deadlines were looked at at the
  /// door.
  [[nodiscard]] std::size_t plainly_spare() const noexcept {
    return observer_ || sharing_ ? 0 : scheduler_.spare();
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

  /// Whether there is a place for these in the queue, also by the user's key_weight.
  [[nodiscard]] bool find_place(const submission& one) noexcept {
    try {
      scheduler_.reserve(one.count(), one.facts());
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
      if (!request.record) request.record = make_record(request.facts.arrival, request.facts.work);
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

  std::uint64_t requests_ = 0;  // that the observer has been or will be told of; guarded by the lock
};

}  // namespace carpool::execution
