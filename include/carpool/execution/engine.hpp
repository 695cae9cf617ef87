// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/connection.hpp>
#include <carpool/execution/drain_operation.hpp>
#include <carpool/execution/handler_run.hpp>
#include <carpool/execution/request.hpp>
#include <carpool/execution/workers.hpp>
#include <carpool/options.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/config.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace carpool::execution {

/// The callers' side of the shell: how operations get in, and how they leave early.
template <class Clock>
class engine final : public workers<Clock> {
  using base = workers<Clock>;
  using typename base::effects;

 public:
  /// With a ride_finder, requests with the same input share a run.
  engine(const typename base::executor_type& executor, const options& given, scheduling::any_policy policy,
         std::unique_ptr<ride_finder> sharing)
      : base(executor, given, std::move(policy), std::move(sharing)),
        context_(context_of(executor)),
        default_deadline_(given.default_deadline),
        max_batch_size_(given.max_batch_size) {}

  /// Other options from now on; those that are here keep their places. Throws std::invalid_argument for what
  /// cannot change, and what making more lanes throws; nothing has changed then.
  void reconfigure(const options& given) {
    if (!this->runs_on(given.model_executor))
      throw std::invalid_argument("carpool::options::model_executor cannot change while the batcher lives");
    std::unique_lock one_at_a_time(configuring_);
    this->add_lanes(given.lanes);
    effects out;
    auto lock = this->enter(out);
    this->prepare(out, lock, [&] { scheduler_.reconfigure(limits_of(given), rules_of(given)); });
    lanes_.want(given.lanes, given.devices);
    this->apply(given);
    default_deadline_ = given.default_deadline;
    max_batch_size_ = given.max_batch_size;
    this->react(Clock::now(), out);
    one_at_a_time.unlock();  // an observer may well call the batcher
    this->release(lock, out);
  }

  void set_policy(scheduling::any_policy policy) {
    effects out;
    auto lock = this->enter(out);
    this->prepare(out, lock, [&] { scheduler_.set_policy(std::move(policy)); });
    this->react(Clock::now(), out);
    this->release(lock, out);
  }

  /// Lanes that there are.
  [[nodiscard]] std::size_t lanes() {
    const std::lock_guard lock(mutex_);
    return lanes_.size();
  }

  /// The lanes get other functors; the operation completes when each has.
  template <class Operation>
  void reload(Operation& operation, lane_maker make) {
    std::unique_lock one_at_a_time(configuring_);
    effects out;
    std::vector<lane_slot*> idle;
    auto lock = enter_to_wait(operation, out, [&] {
      idle.reserve(lanes_.size());
      this->prepare_reload(std::move(make));
    });
    this->start_reload(operation, idle);
    one_at_a_time.unlock();  // an observer may well call the batcher
    this->release(lock, out);
    for (lane_slot* each : idle) this->wake(*each);
  }

  /// The context of the batcher's executor; null if that does not tell.
  [[nodiscard]] const boost::asio::execution_context* context() const noexcept { return context_; }

  /// What the scheduler has to know of a request that is submitted now. In handlers that are called in one
  /// go, one that waits as long as it takes arrives at the time that was read for the one before it.
  [[nodiscard]] BOOST_FORCEINLINE scheduling::waiting_request facts_of(
      const submit_options& asked) const noexcept {
    const duration by_default = default_deadline_.load(std::memory_order_relaxed);
    scheduling::waiting_request facts{.key = asked.key, .priority = asked.priority};
    if (asked.deadline.is_never(by_default) && asked.max_wait == duration::max()) {
      facts.arrival = handler_run::now<Clock>();
      return facts;
    }
    facts.arrival = Clock::now();
    facts.deadline = asked.deadline.resolve(facts.arrival, by_default);
    facts.leave_by = saturating_add(facts.arrival, asked.max_wait);
    return facts;
  }

  /// Refuses `count` requests before anything is allocated for them, if it can tell that they cannot be
  /// admitted.
  [[nodiscard]] BOOST_FORCEINLINE std::optional<boost::system::error_code> refusal(
      std::size_t count, const scheduling::waiting_request& facts) {
    if (count <= room_.load(std::memory_order_relaxed) && facts.deadline > facts.arrival) [[likely]]
      return std::nullopt;
    return refuse(count, facts.deadline, facts.arrival, facts.key);
  }

  /// Queues all requests of the operation, or completes it with the reason why none was admitted. If it
  /// throws, the operation is destroyed and nothing was submitted.
  template <class Operation>
  void submit(Operation& operation) {
    or_discard(operation, [&] {
      connect(operation, *this, [](engine& self, Operation& mine, auto type) { self.cancel(mine, type); });
    });
    if (handler_run::will_look(*this, context_of_handler(operation, context_),
                               max_batch_size_.load(std::memory_order_relaxed)))
      return inbox_.push(operation);  // from here on it may end
    or_discard(operation, [&] { this->submit_now(operation); });
  }

  /// Stops admission and ends what is here in this way; the operation completes when everything has ended, or
  /// has been given up at `limit`.
  template <class Operation>
  void shut_down_by(Operation& operation, shutdown_mode how, time_limit within) {
    effects out;
    auto lock = enter_to_wait(operation, out, [] {});
    drains_.push_back(operation);
    const auto now = Clock::now();
    switch (how) {
      case shutdown_mode::drain:
        scheduler_.stop_accepting();
        break;
      case shutdown_mode::flush:
        scheduler_.flush();
        break;
      case shutdown_mode::abort:
        scheduler_.abort(now, this->failing(out));
        break;
    }
    abort_at_ = std::min(abort_at_, within.resolve(now, duration::max()));
    this->react(now, out);
    this->release(lock, out);
  }

 private:
  /// Begins the event in which an operation joins those that wait for something. If that or the step throws,
  /// the operation is destroyed and the event has ended.
  template <class Operation, class Step>
  [[nodiscard]] std::unique_lock<std::mutex> enter_to_wait(Operation& operation, effects& out, Step step) {
    std::unique_lock<std::mutex> lock;
    or_discard(operation, [&] {
      connect(operation, *this, [](engine& self, Operation& mine, auto) { self.stop_waiting(mine); });
      lock = this->enter(out);
      this->prepare(out, lock, step);
    });
    return lock;
  }

  // Not to be inlined into the path of those who get in.
  [[nodiscard]] BOOST_NOINLINE std::optional<boost::system::error_code> refuse(std::size_t count,
                                                                               time_point deadline,
                                                                               time_point now,
                                                                               std::uint64_t key) {
    effects out;
    auto lock = this->enter(out);
    const auto why = scheduler_.refusal(count, deadline, now, {.key = key});
    if (why) {
      scheduler_.refuse(count, *why);
      for (std::size_t i = 0; i < count; ++i) this->report_refused(code_of(*why), now, out);
    }
    this->release(lock, out);
    return why ? std::optional(code_of(*why)) : std::nullopt;
  }

  /// Waiting requests leave on every type; running ones on terminal and partial, because their work cannot be
  /// undone.
  template <class Operation>
  void cancel(Operation& operation, boost::asio::cancellation_type type) {
    using boost::asio::cancellation_type;
    const bool only_if_waiting =
        (type & (cancellation_type::terminal | cancellation_type::partial)) == cancellation_type::none;
    effects out;
    auto lock = this->enter(out);
    const auto now = Clock::now();
    operation.for_each([&](const pending_request& request) {
      scheduler_.cancel(&request, only_if_waiting, now, this->failing(out));
    });
    this->react(now, out);
    this->release(lock, out);
  }

  void stop_waiting(drain_waiter& waiter) {
    effects out;
    auto lock = this->enter(out);
    drains_.settle(waiter, boost::asio::error::operation_aborted, out.ready);
    reloads_.settle(waiter, boost::asio::error::operation_aborted, out.ready);
    this->react(Clock::now(), out);
    this->release(lock, out);
  }

  using base::abort_at_;
  using base::drains_;
  using base::inbox_;
  using base::lanes_;
  using base::mutex_;
  using base::reloads_;
  using base::room_;
  using base::scheduler_;

  const boost::asio::execution_context* const context_;
  std::atomic<duration> default_deadline_;  // these two are read without the lock
  std::atomic<std::size_t> max_batch_size_;
  std::mutex configuring_;
};

}  // namespace carpool::execution
