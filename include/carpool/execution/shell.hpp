// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/brief_lock.hpp>
#include <carpool/execution/completion.hpp>
#include <carpool/execution/completion_run.hpp>
#include <carpool/execution/drain_operation.hpp>
#include <carpool/execution/effects.hpp>
#include <carpool/execution/handler_run.hpp>
#include <carpool/execution/intake.hpp>
#include <carpool/execution/lane_set.hpp>
#include <carpool/execution/ride_finder.hpp>
#include <carpool/execution/submission.hpp>
#include <carpool/execution/wake_timer.hpp>
#include <carpool/options.hpp>
#include <carpool/scheduling/policy.hpp>
#include <carpool/stats.hpp>
#include <carpool/time.hpp>

#include <boost/asio/post.hpp>
#include <boost/config.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>

namespace carpool::execution {

/// The shell round the scheduler: lock, timer and completions, whatever In and Out are. It decides nothing;
/// each event begins with enter(), asks the scheduler (react) and obeys, and ends with release(), which does
/// what has to happen outside the lock and was collected in `effects`. Who gets into the queue is the
/// intake's part, lanes are the workers', how callers submit and give up the engine's.
///
/// Shared by the batcher, its lanes and connected cancellation slots, so it may outlive the batcher.
template <class Clock>
class shell : public intake<Clock>, public std::enable_shared_from_this<shell<Clock>>, public looker {
  using base = intake<Clock>;

 public:
  using typename base::executor_type;

  shell(const executor_type& executor, const options& given, scheduling::any_policy policy,
        std::unique_ptr<ride_finder> sharing)
      : base(executor, given, std::move(policy), std::move(sharing)), timer_(std::in_place, executor) {}

  [[nodiscard]] const home& at_home() const noexcept { return home_; }

  /// The executor runs until the batcher ends, so a timer need not be taken back for its sake.
  void let_timer_fire() {
    const brief_lock lock(mutex_);
    timer_->fire_anyway();
  }

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

  // ---- events

  /// Begins an event: locks, and lets in who has been submitted since the last one.
  [[nodiscard]] brief_lock enter(effects& out, time_point now) {
    brief_lock lock(mutex_);
    let_in(now, out);
    while (submission* kept = handler_run::recall(*this)) let_in(kept, now, out);
    return lock;
  }

  /// Lets this one in, at once unless a lane that is awake does so in time. If it throws, nothing was
  /// submitted. (Not to be inlined into every submission.)
  BOOST_NOINLINE void submit_now(submission& one) {
    const auto now = Clock::now();
    one.arrive(now);
    if (!this->leave_to_awake(one)) let_in_now(one, now);
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
    if (overdue || lanes_.can_wake() || !out.ready.empty() || scheduler_.empty())
      react(now, out);
    else
      publish_room();
    release(lock, out);
  }

  /// After every event: lets requests expire, wakes a lane, sets the timer, ends drains. `awake` is a lane
  /// that is awake anyway.
  void react(time_point now, effects& out, lane_slot* awake = nullptr) {
    out.ready.append(unposted_);
    if (now >= abort_at_) abort(now, out);
    const auto step = scheduler_.next(now, failing(out));
    if (step.dispatchable)
      if (lane_slot* lane = lanes_.wake_one(awake)) out.wake = lane;
    if (step.hung_lane) report_hung(*step.hung_lane, now, out);
    const auto wake_at = std::min(step.wake_at, abort_at_);
    set_timer(wake_at, out);
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
    const bool own_run = ends_in_own_run(out);
    if (own_run) has_posted_ = true;
    const bool posts_nothing = out.work && !std::exchange(has_posted_, true);
    std::weak_ptr<looker> idle;  // if it has a timer that it may not need
    if (own_run && timer_ && timer_->needs_disarming() && scheduler_.empty()) idle = self;
    if (!out.work) out.work = work_;  // those that still are pending may end meanwhile
    lock.unlock();
    post_all(out.ready, home_.executor(), here, std::move(idle));
    while (!out.ready.empty() && !leave_to_lanes(out)) post_all(out.ready, home_.executor(), here);
    if (out.wake != nullptr) wake(*out.wake);
    if (observing) out.told.tell(*observing);
    if (posts_nothing) post_nothing();
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

  using base::failing;
  using base::inbox_;
  using base::let_in;
  using base::observer_;
  using base::publish_room;
  using base::scheduler_;

  std::mutex mutex_;

  // Guarded by it.
  completion_list unposted_;  // for want of memory
  lane_set lanes_;
  std::optional<wake_timer<Clock>> timer_;
  drain_list drains_;
  drain_list reloads_;
  time_point abort_at_ = never;  // what has not ended by then is given up
  bool given_up_ = false;        // it has been, and those who wait for the end have to be told
  bool stopping_ = false;        // lanes go

 private:
  BOOST_NOINLINE void let_in_now(submission& one, time_point now) {
    effects out;
    auto lock = enter(out, now);
    prepare(out, lock, [&] { this->reserve(one); });
    inbox_.push(one);
    let_in(now, out);
    look(now, out, lock);
  }

  /// There was no memory to post these. Waking a lane needs none, so one that is idle, or else the first that
  /// rests, tries again. False: lanes go, so it has to be tried here.
  BOOST_NOINLINE bool leave_to_lanes(effects& out) {
    std::this_thread::yield();  // somebody may give memory back
    const brief_lock lock(mutex_);
    if (stopping_) return false;
    unposted_.append(out.ready);
    if (!work_) work_ = out.work;
    if (out.wake == nullptr) out.wake = lanes_.wake_any();
    return true;
  }

  /// Without memory for it a run() may end at once; what has happened has happened.
  BOOST_NOINLINE void post_nothing() noexcept {
    try {
      boost::asio::post(home_.executor(), [] {});
    } catch (...) {
    }
  }

  /// No event is bound to come: who submits now has to look himself. While lanes are awake and the executor
  /// is kept from running dry, one is.
  [[nodiscard]] bool may_fall_asleep() const noexcept {
    return lanes_.can_wake() || lanes_.all_sleep() || !work_;
  }

  /// All handlers that this event leads to are called in one run on the batcher's executor.
  [[nodiscard]] static bool ends_in_own_run(const effects& out) noexcept {
    return !out.ready.empty() && !out.ready.any_foreign();
  }

  /// Without requests there is none, but handlers may well submit the next ones, for which the old one does
  /// as well: to set it costs more than to call many a handler. So they are called first.
  void set_timer(time_point wake_at, effects& out) {
    if (!timer_) return;
    if (scheduler_.empty()) {
      if (!ends_in_own_run(out)) timer_->disarm();
    } else if (wake_at != never) {
      arm(wake_at, out);
    }
  }

  void arm(time_point wake_at, effects& out) {
    try {
      timer_->arm(wake_at, [weak = this->weak_from_this()] { on_timer(weak); });
    } catch (const std::bad_alloc&) {  // a lane tries again, as in leave_to_lanes()
      if (out.wake == nullptr) out.wake = lanes_.wake_any();
    }
  }

  void report_hung(std::size_t lane, time_point now, effects& out) noexcept {
    const auto& batch = scheduler_.batch(lane);
    if (observer_)
      out.told.add({lane, lanes_[lane].report.id, batch.members().size(), now - batch.started()});
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

  using base::home_;
  using base::work_;

  // Guarded by the lock.
  bool has_posted_ = false;  // something to its executor
};

}  // namespace carpool::execution
