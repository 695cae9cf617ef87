// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/brief_lock.hpp>
#include <carpool/execution/completion.hpp>
#include <carpool/execution/completion_run.hpp>
#include <carpool/execution/drain_operation.hpp>
#include <carpool/execution/handler_run.hpp>
#include <carpool/execution/lane_set.hpp>
#include <carpool/execution/news.hpp>
#include <carpool/execution/request.hpp>
#include <carpool/execution/ride_finder.hpp>
#include <carpool/execution/scheduler_setup.hpp>
#include <carpool/execution/submission.hpp>
#include <carpool/execution/wake_timer.hpp>
#include <carpool/options.hpp>
#include <carpool/scheduling/batch_scheduler.hpp>
#include <carpool/stats.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/config.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

namespace carpool::execution {

/// The shell round the scheduler: lock, timer and completions, whatever In and Out are. It decides nothing;
/// each event begins with enter(), asks the scheduler (react) and obeys, and ends with release(), which does
/// what has to happen outside the lock and was collected in `effects`. Lanes are the workers' part, how
/// callers submit and give up the engine's.
///
/// Shared by the batcher, its lanes and connected cancellation slots, so it may outlive the batcher.
template <class Clock>
class shell : public std::enable_shared_from_this<shell<Clock>>, public looker {
 public:
  using executor_type = boost::asio::any_io_executor;

  shell(const executor_type& executor, const options& given, scheduling::any_policy policy,
        std::unique_ptr<ride_finder> sharing)
      : scheduler_(limits_of(given), rules_of(given), std::move(policy)),
        timer_(std::in_place, executor),
        observer_(given.observer),
        sharing_(std::move(sharing)),
        room_(scheduler_.room()),
        executor_(executor) {}

  [[nodiscard]] const executor_type& get_executor() const noexcept { return executor_; }

  /// Stops admission and fails what waits; running batches go on.
  void close() {
    effects out;
    const auto now = Clock::now();
    auto lock = enter(out, now);
    scheduler_.close(now, failing(out));
    react(now, out);
    release(lock, out);
  }

  /// Lets in who has been submitted in a run of handlers.
  void look(submission* chain) override {
    effects out;
    const auto now = Clock::now();
    auto lock = enter(out, now);
    if (chain != nullptr) let_in(chain, now, out);
    look(now, out, lock);
  }

  [[nodiscard]] stats snapshot() {
    effects out;
    const auto now = Clock::now();
    auto lock = enter(out, now);
    const auto result = scheduler_.snapshot(now);
    release(lock, out);
    return result;
  }

 protected:
  ~shell() = default;

  /// What an event leads to outside the lock.
  struct effects {
    completion_list ready;
    news told;
    lane_slot* wake = nullptr;
    executor_type work = {};  // outstanding until everything is posted
  };

  /// Ends requests that get no result.
  [[nodiscard]] static auto failing(effects& out) noexcept {
    return [&out](void* handle, scheduling::outcome why) {
      auto& request = *static_cast<pending_request*>(handle);
      if (request.record) out.told.add(std::move(request.record), code_of(why), Clock::now());
      request.fail(code_of(why), out.ready);
    };
  }

  // ---- events

  /// Begins an event: locks, and lets in who has been submitted since the last one.
  [[nodiscard]] brief_lock enter(effects& out, time_point now) {
    brief_lock lock(mutex_);
    let_in(now, out);
    while (submission* kept = handler_run::recall(*this)) let_in(kept, now, out);
    return lock;
  }

  void let_in(time_point now, effects& out) {
    if (!inbox_.empty()) let_in(inbox_.take(), now, out);
  }

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

  /// Lets this one in, at once unless a lane that is awake does so in time. If it throws, nothing was
  /// submitted. (Not to be inlined into every submission.)
  BOOST_NOINLINE void submit_now(submission& one) {
    const auto now = Clock::now();
    one.arrive(now);
    if (leave_to_awake(one)) return;
    effects out;
    auto lock = enter(out, now);
    prepare(out, lock, [&] {
      scheduler_.reserve(one.count(), one.facts());
      if (observer_) make_records(one);
      keep_running();
    });
    inbox_.push(one);
    let_in(now, out);
    look(now, out, lock);
  }

  /// The steps of an event that may throw; then it has ended.
  template <class Step>
  void prepare(effects& out, brief_lock& lock, Step step) {
    try {
      step();
    } catch (...) {
      react(Clock::now(), out);
      release(lock, out);
      throw;
    }
  }

  /// Does what follows from new requests and ends the event. Under load they wait for a lane: then that is
  /// nothing.
  void look(time_point now, effects& out, brief_lock& lock) {
    const bool overdue = timer_ && scheduler_.next_deadline() < timer_->armed_for();
    if (overdue || lanes_.can_wake() || !out.ready.empty())
      react(now, out);
    else
      publish_room();
    release(lock, out);
  }

  /// After every event: lets requests expire, wakes a lane, sets the timer, ends drains. `awake` is a lane
  /// that is awake anyway.
  void react(time_point now, effects& out, lane_slot* awake = nullptr) {
    if (now >= abort_at_) abort(now, out);
    const auto step = scheduler_.next(now, failing(out));
    if (step.dispatchable)
      if (lane_slot* lane = lanes_.wake_one(awake)) out.wake = lane;
    if (step.hung_lane) report_hung(*step.hung_lane, now, out);
    const auto wake_at = std::min(step.wake_at, abort_at_);
    if (timer_ && scheduler_.empty())
      timer_->disarm();
    else if (timer_ && wake_at != never)
      timer_->arm(wake_at, [weak = this->weak_from_this()] { on_timer(weak); });
    const bool nothing_left = scheduler_.empty() && lanes_.busy() == 0;
    if (nothing_left && scheduler_.drained()) drains_.settle_all({}, out.ready);
    if (nothing_left && drains_.empty() && reloads_.empty()) out.work = std::exchange(work_, executor_type());
    publish_room();
  }

  /// Ends an event: unlocks, then posts the completions and wakes the lane, which may share an executor with
  /// them. All this may lead to the end of the batcher, so the shell is kept alive meanwhile. Completions
  /// that run anywhere are left to who gives `here`.
  ///
  /// Giving back its last work stops an io_context, also one that nobody has run yet, whose run() would then
  /// return at once. So it has something to do by then: a completion, or else, once, nothing.
  void release(brief_lock& lock, effects& out, completion_list* here = nullptr) {
    while (may_fall_asleep() && !inbox_.leave()) {  // somebody has come meanwhile
      const auto now = Clock::now();
      let_in(now, out);
      react(now, out);
    }
    if (out.wake == nullptr && out.ready.empty() && out.told.empty() && !out.work) return lock.unlock();
    const auto self = this->shared_from_this();
    const auto observing = out.told.empty() ? nullptr : observer_;
    if (!out.ready.empty() && !out.ready.any_foreign()) has_posted_ = true;
    const bool posts_nothing = out.work && !std::exchange(has_posted_, true);
    if (!out.work) out.work = work_;  // those that still are pending may end meanwhile
    lock.unlock();
    post_all(std::move(out.ready), executor_, here);
    if (posts_nothing) boost::asio::post(executor_, [] {});
    if (out.wake != nullptr) wake(*out.wake);
    if (observing) out.told.tell(*observing);
  }

  /// An operation is pending from now on: the executor must not run dry.
  void keep_running() {
    if (!work_) work_ = boost::asio::prefer(executor_, boost::asio::execution::outstanding_work.tracked);
  }

  /// Makes a lane look for a batch that has been told to by lane_set::wake_one. Without the lock.
  virtual void wake(lane_slot& lane) = 0;

  /// What waits and what runs ends now, as late as it is.
  void abort(time_point now, effects& out) {
    abort_at_ = never;
    scheduler_.abort(now, failing(out));
    given_up_ = true;
    end_given_up(out);
  }

  /// Those who wait for the end hear of it last: requests whose batch is being collected leave when that is
  /// sealed.
  void end_given_up(effects& out) noexcept {
    if (!given_up_ || scheduler_.collecting()) return;
    given_up_ = false;
    drains_.settle_all(error::expired, out.ready);
  }

  /// Counts a request that ended at the door, before there was an operation.
  void report_refused(boost::system::error_code why, time_point arrival, effects& out) {
    if (observer_) out.told.add(make_record(arrival), why, arrival);
  }

  // Guarded by the lock.
  std::mutex mutex_;
  scheduling::batch_scheduler scheduler_;
  lane_set lanes_;
  std::optional<wake_timer<Clock>> timer_;
  drain_list drains_;
  drain_list reloads_;
  std::shared_ptr<observer> observer_;
  const std::unique_ptr<ride_finder> sharing_;  // if requests with the same input share a run
  time_point abort_at_ = never;                 // what has not ended by then is given up
  bool given_up_ = false;                       // it has been, and those who wait for the end have to be told

  // Not guarded.
  inbox inbox_;
  std::atomic<std::size_t> room_;          // scheduler_.room() after the last event
  std::atomic<std::ptrdiff_t> spare_ = 0;  // scheduler_.spare() after it, less those who have come since

 private:
  /// No event is bound to come: who submits now has to look himself. While lanes are awake and the executor
  /// is kept from running dry, one is.
  [[nodiscard]] bool may_fall_asleep() const noexcept {
    return lanes_.can_wake() || lanes_.all_sleep() || !work_;
  }

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

  void publish_room() noexcept {
    room_.store(scheduler_.room(), std::memory_order_relaxed);
    const std::size_t spare = sharing_ ? 0 : scheduler_.spare();  // who may share a run must not miss it
    spare_.store(static_cast<std::ptrdiff_t>(spare), std::memory_order_relaxed);
  }

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
    if (!reserve(one)) return refuse(one, scheduling::outcome::rejected, out);
    one.for_each([&](pending_request& request) {
      if (sharing_) request.facts.ride = sharing_->ride_of(request, scheduler_.rides());
      scheduler_.admit(request.facts);
    });
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

  void report_hung(std::size_t lane, time_point now, effects& out) noexcept {
    const auto& batch = scheduler_.batch(lane);
    if (observer_)
      out.told.add({lane, lanes_[lane].report.id, batch.members().size(), now - batch.started()});
  }

  /// Whether there is a place for these in the queue, also by the user's key_weight.
  [[nodiscard]] bool reserve(const submission& one) noexcept {
    try {
      scheduler_.reserve(one.count(), one.facts());
      return true;
    } catch (...) {
      return false;
    }
  }

  static void on_timer(const std::weak_ptr<shell>& weak) {
    const auto self = weak.lock();
    if (!self) return;
    effects out;
    const auto now = Clock::now();
    auto lock = self->enter(out, now);
    if (!self->timer_) return self->release(lock, out);
    self->timer_->fired(now);
    self->react(now, out);
    self->release(lock, out);
  }

  const executor_type executor_;
  executor_type work_;          // outstanding on executor_ while an operation is pending, else empty
  bool has_posted_ = false;     // something to executor_
  std::uint64_t requests_ = 0;  // that the observer has been or will be told of
};

}  // namespace carpool::execution
