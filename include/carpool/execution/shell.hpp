// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/completion.hpp>
#include <carpool/execution/drain_operation.hpp>
#include <carpool/execution/lane.hpp>
#include <carpool/execution/lane_set.hpp>
#include <carpool/execution/request.hpp>
#include <carpool/execution/scheduler_setup.hpp>
#include <carpool/execution/wake_timer.hpp>
#include <carpool/options.hpp>
#include <carpool/scheduling/batch_scheduler.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace carpool::execution {

/// The shell round the scheduler: lock, timer, lanes and completions, whatever In and Out are. It decides
/// nothing; after every event it asks the scheduler (react) and obeys. What has to happen outside the lock is
/// collected in `effects` and done by release(). How callers submit and give up is the engine's part.
///
/// Shared by the batcher, its lanes and connected cancellation slots, so it may outlive the batcher.
template <class Clock>
class shell : public std::enable_shared_from_this<shell<Clock>> {
 public:
  using executor_type = boost::asio::any_io_executor;

  shell(const executor_type& executor, const options& given, scheduling::any_policy policy)
      : scheduler_(limits_of(given), rules_of(given), std::move(policy)),
        lanes_(given.lanes),
        timer_(std::in_place, executor),
        room_(scheduler_.room()),
        executor_(executor),
        model_executor_(given.model_executor),
        on_batch_error_(given.on_batch_error) {}

  /// Makes every lane, on its thread if it has one. Throws what `make` throws; no thread is left then.
  void start(const lane_maker& make) {
    try {
      for (std::size_t i = 0; i < lanes_.size(); ++i) start_lane(i, make);
    } catch (...) {
      shut_down();
      throw;
    }
  }

  [[nodiscard]] const executor_type& get_executor() const noexcept { return executor_; }

  /// Stops admission and fails what waits; running batches go on.
  void close() {
    effects out;
    std::unique_lock lock(mutex_);
    const auto now = Clock::now();
    scheduler_.close(now, failing(out));
    react(now, out);
    release(lock, out);
  }

  /// close(), then waits for running batches; not for the one whose functor is calling, which ends by itself.
  void shut_down() {
    close();
    const std::size_t own = running_mark::lane_of(this);
    std::unique_lock lock(mutex_);
    stopping_ = true;
    timer_.reset();  // the shell may outlive the timer's context
    lanes_.wake_all();
    if (model_executor_) {
      turn_ended_.wait(lock, [&] { return turns_ == (own == no_lane ? 0U : 1U); });
      for (std::size_t i = 0; i < lanes_.size(); ++i)
        if (i != own) lanes_[i].lane.reset();
    } else {
      lock.unlock();
      lanes_.join(own);
    }
  }

  /// Whether the calling thread is inside one of this batcher's functors.
  [[nodiscard]] bool inside_functor() const noexcept { return running_mark::lane_of(this) != no_lane; }

  [[nodiscard]] stats snapshot() const {
    const std::lock_guard lock(mutex_);
    return scheduler_.snapshot(Clock::now());
  }

 protected:
  /// What an event leads to outside the lock.
  struct effects {
    completion_list ready;
    std::size_t wake = no_lane;
  };

  /// Ends requests that get no result.
  [[nodiscard]] static auto failing(effects& out) noexcept {
    return [&out](void* handle, scheduling::outcome why) {
      static_cast<pending_request*>(handle)->fail(code_of(why), out.ready);
    };
  }

  // ---- events, under the lock

  /// After every event: lets requests expire, wakes a lane, sets the timer, ends drains. `awake` is a lane
  /// that is awake anyway.
  void react(time_point now, effects& out, std::size_t awake = no_lane) {
    const auto step = scheduler_.next(now, failing(out));
    if (step.dispatchable) out.wake = lanes_.wake_one(awake);
    if (timer_ && scheduler_.empty())
      timer_->disarm();
    else if (timer_ && step.wake_at != never)
      timer_->arm(step.wake_at, [weak = this->weak_from_this()] { on_timer(weak); });
    if (scheduler_.drained() && lanes_.busy() == 0) drains_.settle_all({}, out.ready);
    room_.store(scheduler_.room(), std::memory_order_relaxed);
  }

  /// Ends an event: unlocks, then wakes the lane and posts the completions. These may lead to the end of the
  /// batcher, so the shell is kept alive meanwhile.
  void release(std::unique_lock<std::mutex>& lock, effects& out) {
    if (out.wake == no_lane && out.ready.empty()) return lock.unlock();
    const auto self = this->shared_from_this();
    lock.unlock();
    if (out.wake != no_lane) {
      if (model_executor_)
        boost::asio::post(model_executor_, posted_turn{self, out.wake});
      else
        lanes_[out.wake].wake.notify_one();
    }
    post_all(std::move(out.ready));
  }

  // Guarded by the lock.
  mutable std::mutex mutex_;
  scheduling::batch_scheduler scheduler_;
  lane_set lanes_;
  std::optional<wake_timer<Clock>> timer_;
  drain_list drains_;

  std::atomic<std::size_t> room_;  // scheduler_.room(), to be read without the lock

 private:
  /// One turn of a lane on the model executor. If that drops it, nothing can run any more and the shell
  /// closes.
  struct posted_turn {
    posted_turn(std::shared_ptr<shell> owner, std::size_t index) noexcept
        : self(std::move(owner)), lane(index) {}
    posted_turn(posted_turn&&) noexcept = default;
    posted_turn& operator=(posted_turn&&) = delete;
    ~posted_turn() {
      if (self) self->lose_turn(lane);
    }
    void operator()() {
      const auto owner = std::move(self);
      owner->take_turn(lane);
    }

    std::shared_ptr<shell> self;
    std::size_t lane;
  };

  static void on_timer(const std::weak_ptr<shell>& weak) {
    const auto self = weak.lock();
    if (!self) return;
    effects out;
    std::unique_lock lock(self->mutex_);
    if (!self->timer_) return;
    const auto now = Clock::now();
    self->timer_->fired(now);
    self->react(now, out);
    self->release(lock, out);
  }

  // ---- lanes

  void start_lane(std::size_t i, const lane_maker& make) {
    if (model_executor_) {
      lanes_[i].lane = make(i);
      return;
    }
    std::promise<void> promise;
    auto ready = promise.get_future();
    lanes_[i].thread =
        std::thread([self = this->shared_from_this(), i, &make, made = std::move(promise)]() mutable {
          try {
            self->lanes_[i].lane = make(i);
          } catch (...) {
            return made.set_exception(std::current_exception());
          }
          made.set_value();
          self->work(i);
        });
    ready.get();
  }

  /// The life of a lane's thread.
  void work(std::size_t i) {
    lane_slot& mine = lanes_[i];
    std::unique_lock lock(mutex_);
    for (;;) {
      mine.wake.wait(lock, [&] { return mine.now == lane_slot::state::woken || stopping_; });
      if (mine.now != lane_slot::state::woken) break;
      turn(i, lock);
      lock.lock();
    }
    lock.unlock();
    mine.lane.reset();  // on the thread that made it
  }

  /// A turn on the model executor. shut_down() waits for its end, because what it posts may belong to
  /// contexts that end right after the batcher.
  void take_turn(std::size_t i) {
    std::unique_lock lock(mutex_);
    ++turns_;
    turn(i, lock);
    lock.lock();
    --turns_;
    if (stopping_) turn_ended_.notify_all();
  }

  /// A woken lane looks for a batch and runs it if there is one. Takes the lock held, returns without it.
  void turn(std::size_t i, std::unique_lock<std::mutex>& lock) {
    const auto now = Clock::now();
    effects out;
    const bool found = scheduler_.start(i, now, failing(out));
    lanes_.looked(i, found);
    react(now, out);
    release(lock, out);
    if (!found) return;
    lanes_[i].lane->collect(scheduler_.batch(i).members());
    if (seal(i, now, lock)) run(i, lock);
    rest(i, lock);
  }

  /// Lets those go who left while the inputs were collected. False: nobody is left.
  [[nodiscard]] bool seal(std::size_t i, time_point now, std::unique_lock<std::mutex>& lock) {
    effects out;
    lock.lock();
    const bool any =
        scheduler_.seal(i, now, [&](std::size_t position, void* handle, scheduling::outcome why) {
          lanes_[i].lane->drop(position);
          failing(out)(handle, why);
        });
    release(lock, out);
    return any;
  }

  /// Runs the functors and hands the results to those who still wait.
  void run(std::size_t i, std::unique_lock<std::mutex>& lock) {
    lane& mine = *lanes_[i].lane;
    {
      const running_mark mark(this, i);
      mine.run();
      report(mine.failure());
    }
    lock.lock();
    scheduler_.finish(i, Clock::now(), mine.failure() != nullptr,
                      [&](std::size_t position, void* handle) { return mine.claim(position, handle); });
    lock.unlock();
    completion_list ready;
    mine.deliver(ready);
    post_all(std::move(ready));
  }

  /// The lane is free again.
  void rest(std::size_t i, std::unique_lock<std::mutex>& lock) {
    effects out;
    lock.lock();
    lanes_.rest(i);
    react(Clock::now(), out, i);
    if (out.wake == i && !model_executor_) out.wake = no_lane;  // its thread is awake
    release(lock, out);
  }

  void lose_turn(std::size_t i) {
    {
      const std::lock_guard lock(mutex_);
      lanes_.looked(i, false);
    }
    close();
  }

  void report(const std::exception_ptr& failure) const noexcept {
    if (!failure || !on_batch_error_) return;
    try {
      on_batch_error_(failure);
    } catch (...) {
    }
  }

  const executor_type executor_;
  const executor_type model_executor_;
  const std::function<void(std::exception_ptr)> on_batch_error_;
  bool stopping_ = false;
  std::size_t turns_ = 0;  // on the model executor, in progress
  std::condition_variable turn_ended_;
};

}  // namespace carpool::execution
