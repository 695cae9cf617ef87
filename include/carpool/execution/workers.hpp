// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/lane.hpp>
#include <carpool/execution/lane_set.hpp>
#include <carpool/execution/shell.hpp>
#include <carpool/options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace carpool::execution {

/// The lanes' side of the shell: how batches run, on threads of their own or on the model executor.
template <class Clock>
class workers : public shell<Clock> {
  using base = shell<Clock>;

 public:
  workers(const typename base::executor_type& executor, const options& given, scheduling::any_policy policy)
      : base(executor, given, std::move(policy)),
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

  /// close(), then waits for running batches; not for the one whose functor is calling, which ends by itself.
  void shut_down() {
    this->close();
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

 protected:
  ~workers() = default;

  using base::lanes_;
  using base::mutex_;
  using base::scheduler_;
  using base::timer_;
  using typename base::effects;

 private:
  /// One turn of a lane on the model executor. If that drops it, nothing can run any more and the shell
  /// closes.
  struct posted_turn {
    posted_turn(std::shared_ptr<workers> owner, std::size_t index) noexcept
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

    std::shared_ptr<workers> self;
    std::size_t lane;
  };

  void wake(std::size_t lane) final {
    if (!model_executor_) return lanes_[lane].wake.notify_one();
    auto self = std::static_pointer_cast<workers>(this->shared_from_this());
    boost::asio::post(model_executor_, posted_turn{std::move(self), lane});
  }

  void start_lane(std::size_t i, const lane_maker& make) {
    if (model_executor_) {
      lanes_[i].lane = make(i);
      return;
    }
    std::promise<void> promise;
    auto ready = promise.get_future();
    auto self = std::static_pointer_cast<workers>(this->shared_from_this());
    lanes_[i].thread = std::thread([self = std::move(self), i, &make, made = std::move(promise)]() mutable {
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
    std::optional<time_point> awake_since;
    std::unique_lock lock(mutex_);
    for (;;) {
      mine.wake.wait(lock, [&] { return mine.now == lane_slot::state::woken || stopping_; });
      if (mine.now != lane_slot::state::woken) break;
      awake_since = turn(i, awake_since ? *awake_since : Clock::now(), lock);
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
    turn(i, Clock::now(), lock);
    lock.lock();
    --turns_;
    if (stopping_) turn_ended_.notify_all();
  }

  /// A woken lane looks for a batch and runs it if there is one. Takes the lock held, returns without it. If
  /// the lane has to look again at once, it returns the time it is.
  std::optional<time_point> turn(std::size_t i, time_point now, std::unique_lock<std::mutex>& lock) {
    effects out;
    this->let_in(out);
    const bool found = scheduler_.start(i, now, this->failing(out));
    lanes_.looked(i, found);
    this->react(now, out);
    this->release(lock, out);
    if (!found) return std::nullopt;
    lanes_[i].lane->collect(scheduler_.batch(i).members());
    effects results;
    if (seal(i, now, lock)) now = run(i, results, lock);
    return rest(i, now, results) ? std::optional(now) : std::nullopt;
  }

  /// Lets those go who left while the inputs were collected. False: nobody is left.
  [[nodiscard]] bool seal(std::size_t i, time_point now, std::unique_lock<std::mutex>& lock) {
    effects out;
    lock.lock();
    const bool any =
        scheduler_.seal(i, now, [&](std::size_t position, void* handle, scheduling::outcome why) {
          lanes_[i].lane->drop(position);
          this->failing(out)(handle, why);
        });
    this->release(lock, out);
    return any;
  }

  /// Runs the functors and settles those who still wait; returns when it was done.
  time_point run(std::size_t i, effects& out, std::unique_lock<std::mutex>& lock) {
    lane& mine = *lanes_[i].lane;
    {
      const running_mark mark(this, i);
      mine.run();
      report(mine.failure());
    }
    lock.lock();
    const auto now = Clock::now();
    const bool all_succeeded = mine.all_succeeded();
    scheduler_.finish(i, now, mine.failure() != nullptr, [&](std::size_t position, void* handle) {
      mine.claim(position, handle);
      return all_succeeded || mine.succeeded(position);
    });
    lock.unlock();
    mine.deliver(out.ready);
    return now;
  }

  /// The lane is free again, and looks before its callers hear of their results: what they submit then makes
  /// a batch of its own, instead of going one by one to a lane that looks meanwhile. True: its thread has to
  /// look again.
  bool rest(std::size_t i, time_point now, effects& out) {
    auto lock = this->enter(out);
    lanes_.rest(i);
    this->react(now, out, i);
    const bool goes_on = out.wake == i && !model_executor_;
    if (goes_on) out.wake = no_lane;
    this->release(lock, out);
    return goes_on;
  }

  void lose_turn(std::size_t i) {
    {
      const std::lock_guard lock(mutex_);
      lanes_.looked(i, false);
    }
    this->close();
  }

  void report(const std::exception_ptr& failure) const noexcept {
    if (!failure || !on_batch_error_) return;
    try {
      on_batch_error_(failure);
    } catch (...) {
    }
  }

  const boost::asio::any_io_executor model_executor_;
  const std::function<void(std::exception_ptr)> on_batch_error_;
  bool stopping_ = false;
  std::size_t turns_ = 0;  // on the model executor, in progress
  std::condition_variable turn_ended_;
};

}  // namespace carpool::execution
