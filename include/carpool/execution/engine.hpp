// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/brief_lock.hpp>
#include <carpool/execution/connection.hpp>
#include <carpool/execution/drain_operation.hpp>
#include <carpool/execution/effects.hpp>
#include <carpool/execution/handler_run.hpp>
#include <carpool/execution/request.hpp>
#include <carpool/execution/workers.hpp>
#include <carpool/options.hpp>
#include <carpool/scheduling/fair_share.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/config.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
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

 public:
  /// With a ride_finder, requests with the same input share a run.
  engine(const typename base::executor_type& executor, const options& given, scheduling::any_policy policy,
         std::unique_ptr<ride_finder> sharing)
      : base(executor, given, std::move(policy), std::move(sharing)),
        default_deadline_(given.default_deadline),
        max_batch_size_(given.max_batch_size) {}

  /// Other options from now on; those that are here keep their places. Throws std::invalid_argument for what
  /// cannot change, and what making more lanes throws; nothing has changed then.
  void reconfigure(const options& given) {
    if (!this->runs_on(given.model_executor))
      throw std::invalid_argument("carpool::options::model_executor cannot change while the batcher lives");
    std::unique_lock one_at_a_time(configuring_);
    auto on_batch_error = this->hook_of(given);  // what of these is the user's is exchanged for the old one,
    auto observing = given.observer;             // which goes when the lock is free: its destructor may call
    const auto rules = rules_of(given);          // the batcher
    std::optional<scheduling::fair_share> shares;
    this->add_lanes(given.lanes);
    effects out;
    const auto now = Clock::now();
    auto lock = this->enter(out, now);
    this->prepare(out, lock, [&] { shares = scheduler_.reconfigure(limits_of(given), rules, now); });
    lanes_.want(given.lanes, given.devices);
    this->apply(given, on_batch_error, observing);
    default_deadline_ = given.default_deadline;
    max_batch_size_ = given.max_batch_size;
    this->react(now, out);
    one_at_a_time.unlock();  // an observer may well call the batcher
    this->release(lock, out);
  }

  /// The old policy goes with `policy`, when the lock is free: its destructor may call the batcher.
  void set_policy(scheduling::any_policy policy) {
    effects out;
    const auto now = Clock::now();
    auto lock = this->enter(out, now);
    this->prepare(out, lock, [&] { scheduler_.set_policy(std::move(policy)); });
    this->react(now, out);
    this->release(lock, out);
  }

  /// The lanes get other functors, from `make_for(number of lanes)`, which may throw; the operation, which is
  /// made after that, completes when each has.
  template <class MakeFor, class MakeOperation>
  void reload(MakeFor make_for, MakeOperation make_operation) {
    std::unique_lock one_at_a_time(configuring_);  // no lane is added meanwhile
    effects out;
    std::vector<lane_slot*> idle;
    idle.reserve(lanes_.size());
    // Exchanged for the old one, which goes without the lock.
    auto make = std::make_shared<const lane_maker>(make_for(lanes_.size()));
    auto& operation = make_operation();
    auto lock = enter_to_wait(operation, Clock::now(), out);
    this->start_reload(make, operation, idle);
    one_at_a_time.unlock();  // an observer may well call the batcher
    this->release(lock, out);
    for (lane_slot* each : idle) this->wake(*each);
  }

  /// The times of a request that is submitted now; where they can, they begin when it arrives.
  [[nodiscard]] BOOST_FORCEINLINE request_times times_of(const submit_options& asked) const noexcept {
    duration by_default = default_deadline_.load(std::memory_order_relaxed);
    if (asked.deadline.is_time_point()) [[unlikely]]
      return times_until(asked, Clock::now());
    return {.deadline = time_point(asked.deadline.within(by_default)),
            .leave_by = time_point(asked.max_wait)};
  }

  /// So many submissions in one run of handlers are let in together.
  [[nodiscard]] std::size_t enough() const noexcept {
    return max_batch_size_.load(std::memory_order_relaxed);
  }

  /// Refuses `count` requests before anything is allocated for them, if it can tell that they cannot be
  /// admitted.
  [[nodiscard]] BOOST_FORCEINLINE std::optional<boost::system::error_code> refusal(
      std::size_t count, const request_times& when, const submit_options& asked) {
    const bool in_time = asked.deadline.is_default() || when.deadline > when.arrival;
    if (count <= room_.load(std::memory_order_relaxed) && in_time) [[likely]]
      return std::nullopt;
    return refuse(count, when.arrival, when.deadline, asked.key);
  }

  /// Queues all requests of the operation, or completes it with the reason why none was admitted. If it
  /// throws, the operation is destroyed and nothing was submitted. The current run of handlers is given if
  /// there is one.
  template <class Operation>
  void submit(Operation& operation, handler_run* run) {
    if (connects(operation)) [[unlikely]] {
      or_discard(operation, [&] {
        connect(operation, *this, [](engine& self, Operation& mine, auto type) { self.cancel(mine, type); });
      });
      if (run != nullptr && may_be_cancelled_beside(operation, this->at_home())) run = nullptr;
    }
    if (run != nullptr &&
        run->keep(operation.requests(), *this, context_of_handler(operation, this->at_home())))
      return;
    or_discard(operation, [&] { this->submit_now(operation.requests()); });
  }

  /// Stops admission and ends what is here in this way; the operation completes when everything has ended, or
  /// has been given up at `limit`.
  template <class Operation>
  void shut_down_by(Operation& operation, shutdown_mode how, time_limit within) {
    effects out;
    const auto now = Clock::now();
    auto lock = enter_to_wait(operation, now, out);
    drains_.push_back(operation);
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
  /// Begins the event in which an operation joins those that wait for something. If that throws, the
  /// operation is destroyed and the event has ended.
  template <class Operation>
  [[nodiscard]] brief_lock enter_to_wait(Operation& operation, time_point now, effects& out) {
    brief_lock lock;
    or_discard(operation, [&] {
      connect(operation, *this, [](engine& self, Operation& mine, auto) { self.stop_waiting(mine); });
      lock = this->enter(out, now);
      this->prepare(out, lock, [&] { this->keep_running(); });
    });
    return lock;
  }

  [[nodiscard]] static request_times times_until(const submit_options& asked, time_point now) noexcept {
    return {.arrival = now,
            .deadline = asked.deadline.resolve(now, duration::max()),
            .leave_by = saturating_add(now, asked.max_wait)};
  }

  // Not to be inlined into the path of those who get in.
  [[nodiscard]] BOOST_NOINLINE std::optional<boost::system::error_code> refuse(std::size_t count,
                                                                               time_point arrival,
                                                                               time_point deadline,
                                                                               std::uint64_t key) {
    effects out;
    const auto now = Clock::now();
    auto lock = this->enter(out, now);
    const auto why = scheduler_.refusal(count, deadline, arrival, {.key = key});
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
    const auto now = Clock::now();
    auto lock = this->enter(out, now);
    operation.requests().for_each([&](const pending_request& request) {
      scheduler_.cancel(&request, only_if_waiting, now, this->failing(out));
    });
    this->react(now, out);
    this->release(lock, out);
  }

  void stop_waiting(drain_waiter& waiter) {
    effects out;
    const auto now = Clock::now();
    auto lock = this->enter(out, now);
    drains_.settle(waiter, boost::asio::error::operation_aborted, out.ready);
    reloads_.settle(waiter, boost::asio::error::operation_aborted, out.ready);
    this->react(now, out);
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

  std::atomic<duration> default_deadline_;  // these two are read without the lock
  std::atomic<std::size_t> max_batch_size_;
  std::mutex configuring_;
};

}  // namespace carpool::execution
