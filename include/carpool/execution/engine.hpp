// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/connection.hpp>
#include <carpool/execution/drain_operation.hpp>
#include <carpool/execution/pending_operations.hpp>
#include <carpool/execution/request.hpp>
#include <carpool/execution/shell.hpp>
#include <carpool/options.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

namespace carpool::execution {

/// The callers' side of the shell: how operations get in, and how they leave early.
template <class Clock>
class engine final : public shell<Clock> {
  using base = shell<Clock>;
  using typename base::effects;

 public:
  engine(const typename base::executor_type& executor, const options& given, scheduling::any_policy policy)
      : base(executor, given, std::move(policy)),
        context_(context_of(executor)),
        default_deadline_(given.default_deadline) {}

  /// The context of the batcher's executor; null if that does not tell.
  [[nodiscard]] const boost::asio::execution_context* context() const noexcept { return context_; }

  /// What the scheduler has to know of requests that are submitted now with these options.
  [[nodiscard]] scheduling::waiting_request terms_of(const submit_options& asked,
                                                     time_point now) const noexcept {
    return {.arrival = now,
            .deadline = asked.deadline.resolve(now, default_deadline_),
            .leave_by = saturating_add(now, asked.max_wait),
            .key = asked.key,
            .priority = asked.priority};
  }

  /// Refuses `count` requests before anything is allocated for them, if it can tell that they cannot be
  /// admitted.
  [[nodiscard]] std::optional<boost::system::error_code> refusal(std::size_t count,
                                                                 const scheduling::waiting_request& terms) {
    if (count <= room_.load(std::memory_order_relaxed) && terms.deadline > terms.arrival) return std::nullopt;
    const std::lock_guard lock(mutex_);
    const auto why = why_not(count, terms);
    if (!why) return std::nullopt;
    scheduler_.refuse(count, *why);
    return code_of(*why);
  }

  /// Queues all requests of the operation, or completes it with the reason why none was admitted. If it
  /// throws, the operation is destroyed and nothing was admitted.
  template <class Operation>
  void submit(Operation& operation, scheduling::waiting_request& terms) {
    effects out;
    std::unique_lock lock(mutex_, std::defer_lock);
    or_discard(operation, [&] {
      connect(operation, *this, [](engine& self, Operation& mine, auto type) { self.cancel(mine, type); });
      lock.lock();
      scheduler_.reserve(operation.count(), terms);
    });
    const auto why = why_not(operation.count(), terms);
    if (why) scheduler_.refuse(operation.count(), *why);
    for (std::size_t i = 0, count = operation.count(); i < count; ++i) {
      pending_request& request = operation.at(i);
      if (why) {
        request.fail(code_of(*why), out.ready);
      } else {
        terms.handle = &request;
        scheduler_.admit(terms);
      }
    }
    if (lanes_.can_wake() || (timer_ && terms.deadline < timer_->armed_for()))
      this->react(terms.arrival, out);
    else  // nothing to do but to wait for a lane: the usual case under load
      room_.store(scheduler_.room(), std::memory_order_relaxed);
    this->release(lock, out);
  }

  /// Stops admission; the operation completes when everything admitted has completed.
  template <class Operation>
  void drain(Operation& operation) {
    effects out;
    std::unique_lock lock(mutex_, std::defer_lock);
    or_discard(operation, [&] {
      connect(operation, *this, [](engine& self, Operation& mine, auto) { self.stop_waiting(mine); });
      lock.lock();
      drains_.push_back(operation);
    });
    scheduler_.stop_accepting();
    this->react(Clock::now(), out);
    this->release(lock, out);
  }

 private:
  /// Why these cannot be admitted.
  [[nodiscard]] std::optional<scheduling::outcome> why_not(std::size_t count,
                                                           const scheduling::waiting_request& terms) const {
    return scheduler_.refusal(
        count, terms.deadline, terms.arrival,
        {.key = terms.key, .work = static_cast<double>(count) * terms.work, .heaviest = terms.work});
  }

  /// Waiting requests leave on every type; running ones on terminal and partial, because their work cannot be
  /// undone.
  template <class Operation>
  void cancel(Operation& operation, boost::asio::cancellation_type type) {
    using boost::asio::cancellation_type;
    const bool only_if_waiting =
        (type & (cancellation_type::terminal | cancellation_type::partial)) == cancellation_type::none;
    effects out;
    std::unique_lock lock(mutex_);
    const auto now = Clock::now();
    for (std::size_t i = 0, count = operation.count(); i < count; ++i) {
      const pending_request* handle = &operation.at(i);
      scheduler_.cancel(handle, only_if_waiting, now, base::failing(out));
    }
    this->react(now, out);
    this->release(lock, out);
  }

  void stop_waiting(drain_waiter& waiter) {
    effects out;
    std::unique_lock lock(mutex_);
    drains_.settle(waiter, boost::asio::error::operation_aborted, out.ready);
    this->release(lock, out);
  }

  using base::drains_;
  using base::lanes_;
  using base::mutex_;
  using base::room_;
  using base::scheduler_;
  using base::timer_;

  const boost::asio::execution_context* const context_;
  const duration default_deadline_;
};

}  // namespace carpool::execution
