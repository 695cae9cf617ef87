// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/batch_runner.hpp>
#include <carpool/execution/brief_lock.hpp>
#include <carpool/execution/effects.hpp>
#include <carpool/execution/lane.hpp>
#include <carpool/execution/lane_set.hpp>
#include <carpool/execution/posted_turn.hpp>
#include <carpool/execution/salvage.hpp>
#include <carpool/options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace carpool::execution {

/// The lanes' side of the shell: how batches run, on threads of their own or on the model executor.
template <class Clock>
class workers : public batch_runner<Clock> {
  using base = batch_runner<Clock>;

 public:
  workers(const typename base::executor_type& executor, const options& given, scheduling::any_policy policy,
          std::unique_ptr<ride_finder> sharing)
      : base(executor, given, std::move(policy), std::move(sharing)), model_executor_(given.model_executor) {}

  /// Makes the lanes, each on its thread if it has one. Throws what `make` throws; what was made before
  /// stays.
  void start(const options& given, lane_maker make) {
    make_ = std::make_shared<const lane_maker>(std::move(make));
    try {
      add_lanes(given.lanes);
    } catch (...) {
      shut_down();
      throw;
    }
    const brief_lock lock(mutex_);
    lanes_.want(given.lanes, given.devices);
  }

  /// close(), then waits for running batches; not for the one whose lane is calling, which ends by itself.
  void shut_down() {
    this->close();
    const std::size_t own = running_mark::lane_of(this);
    stop();
    if (!model_executor_) return lanes_.join(own);
    brief_lock lock(mutex_);
    turn_ended_.wait(lock, [&] { return turns_ == (own == no_lane ? 0U : 1U); });
    lock.unlock();  // what is posted still finds nothing to do, and functors may call the batcher as they go
    for (std::size_t i = 0; i < lanes_.size(); ++i)
      if (i != own) lanes_[i].lane.reset();
  }

  /// Adds lanes up to this number, which are not wanted yet. Throws what making them throws; lanes made
  /// before stay. One call at a time.
  void add_lanes(std::size_t count) {
    while (lanes_.size() < count) {
      brief_lock lock(mutex_);
      lane_slot& fresh = lanes_.add();
      fresh.generation = generation_;
      lock.unlock();
      try {
        start_lane(fresh);
      } catch (...) {
        if (fresh.thread.joinable()) fresh.thread.join();
        lock.lock();
        lanes_.remove_last();
        throw;
      }
    }
  }

  /// Whether the calling thread is that of one of this batcher's lanes, in the middle of its turn.
  [[nodiscard]] bool inside_turn() const noexcept { return running_mark::lane_of(this) != no_lane; }

 protected:
  ~workers() = default;

  void wake(lane_slot& lane) final {
    if (!model_executor_) return lane.wake.set();
    auto self = std::static_pointer_cast<workers>(this->shared_from_this());
    unwrapped(model_executor_, [&](const auto& executor) {
      try {
        boost::asio::post(executor, posted_turn(std::move(self), lane));
      } catch (...) {  // then the turn is lost, and everybody has been told
      }
    });
  }

  /// Other functors: each lane has them from its next batch on; `waiter` is told when all have. Exchanges
  /// `make` for what made the old ones. Adds the lanes that have to be woken to `idle`, which has room for
  /// all. One reload at a time, under the lock.
  void start_reload(std::shared_ptr<const lane_maker>& make, drain_waiter& waiter,
                    std::vector<lane_slot*>& idle) noexcept {
    make_.swap(make);
    ++generation_;
    reload_error_ = {};
    reloads_.push_back(waiter);
    for (std::size_t i = 0; i < lanes_.size(); ++i)
      if (lanes_.wake(lanes_[i])) idle.push_back(&lanes_[i]);
  }

  [[nodiscard]] bool runs_on(const boost::asio::any_io_executor& executor) const noexcept {
    return model_executor_ == executor;
  }

  using base::lanes_;
  using base::mutex_;
  using base::on_batch_error_;
  using base::reloads_;
  using base::scheduler_;
  using base::stopping_;
  using base::timer_;

 private:
  friend class posted_turn<workers>;

  void stop() {
    effects out;
    const auto now = Clock::now();
    auto lock = this->enter(out, now);
    stopping_ = true;
    timer_.reset();  // the shell may outlive the timer's context
    reloads_.settle_all(error::shut_down, out.ready);
    lanes_.wake_all();
    this->react(now, out);  // maybe that was the last that kept the executor running
    this->release(lock, out);
  }

  void start_lane(lane_slot& mine) {
    if (model_executor_) {
      mine.lane = make(mine, *make_);
      return;
    }
    const auto made = std::make_shared<std::promise<void>>();
    auto self = std::static_pointer_cast<workers>(this->shared_from_this());
    mine.thread = std::thread([self = std::move(self), &mine, made] {
      try {
        mine.lane = self->make(mine, *self->make_);
      } catch (...) {
        return made->set_exception(std::current_exception());
      }
      made->set_value();
      self->work(mine);
    });
    made->get_future().get();  // not earlier: where there is no thread a promise broken needs memory, too
  }

  /// One lane after the other: a factory need not be thread-safe.
  [[nodiscard]] std::unique_ptr<lane> make(const lane_slot& of, const lane_maker& factory) {
    const std::lock_guard one_at_a_time(making_);
    return factory(of.index);
  }

  /// Between two batches: gives a lane the functors that it should have. One that cannot be made leaves the
  /// lane with the old ones, and its error to those who wait for the reload.
  void renew(lane_slot& mine, brief_lock& lock, effects& out) {
    while (mine.generation != generation_) {
      const auto generation = generation_;
      auto factory = make_;
      auto hook = on_batch_error_;
      lock.unlock();
      const std::exception_ptr failure = replace(mine, *factory);
      if (failure) base::report(failure, hook);
      factory.reset();  // maybe the last ones, whose destructors may call the batcher
      hook.reset();
      lock.lock();
      if (failure)
        reload_error_ = code_of(failure);
      else
        this->set_lost(mine, false, Clock::now());
      mine.generation = generation;
    }
    for (std::size_t i = 0; i < lanes_.size(); ++i)
      if (lanes_[i].generation != generation_) return;
    reloads_.settle_all(reload_error_, out.ready);
  }

  [[nodiscard]] std::exception_ptr replace(lane_slot& mine, const lane_maker& factory) {
    try {
      mine.lane = make(mine, factory);
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }

  /// The life of a lane's thread.
  void work(lane_slot& mine) {
    std::optional<time_point> awake_since;
    brief_lock lock(mutex_);
    for (;;) {
      while (mine.now != lane_slot::state::woken && !stopping_) {
        lock.unlock();
        mine.wake.wait();
        lock.lock();
      }
      if (mine.now != lane_slot::state::woken) break;
      awake_since = turn(mine, awake_since ? *awake_since : Clock::now(), lock);
      lock.lock();
    }
    lock.unlock();
    mine.lane.reset();  // on the thread that made it
  }

  /// A turn on the model executor. shut_down() waits for its end, because what it posts may belong to
  /// contexts that end right after the batcher.
  void take_turn(lane_slot& mine) {
    brief_lock lock(mutex_);
    ++turns_;
    turn(mine, Clock::now(), lock);
    lock.lock();
    --turns_;
    if (stopping_) turn_ended_.notify_all();
  }

  /// A woken lane looks for a batch and runs it if there is one. Takes the lock held, returns without it. If
  /// the lane has to look again at once, it returns the time it is.
  std::optional<time_point> turn(lane_slot& mine, time_point now, brief_lock& lock) {
    const running_mark mark(this, mine.index);  // whatever of the user's it calls may destroy the batcher
    effects out;
    if (mine.generation != generation_ && !stopping_) {  // nothing of the user's runs after the end
      renew(mine, lock, out);
      now = Clock::now();  // a model may have been loaded
    }
    this->let_in(now, out);
    const bool found = scheduler_.start(mine.index, now, this->failing(out));
    std::span<const scheduling::waiting_request> members;
    if (found) members = scheduler_.batch(mine.index).members();  // they stay where they are until seal()
    lanes_.looked(mine, found);
    this->react(now, out);
    this->release(lock, out);
    if (!found) return std::nullopt;
    mine.lane->collect(members);
    effects results;
    if (this->seal(mine, now, lock)) now = this->run(mine, results, lock);
    return rest(mine, now, results) ? std::optional(now) : std::nullopt;
  }

  /// The lane is free again, and looks before its callers hear of their results: what they submit then makes
  /// a batch of its own, instead of going one by one to a lane that looks meanwhile. Handlers that run
  /// anywhere are called here, which spares them a thread that would have to be woken. True: the lane's
  /// thread has to look again, and no time has passed meanwhile, as it does in handlers and observers.
  bool rest(lane_slot& mine, time_point now, effects& out) {
    auto lock = this->enter(out, now);
    lanes_.rest(mine);
    if (mine.generation != generation_ && out.wake == nullptr && lanes_.wake(mine)) out.wake = &mine;
    this->react(now, out, &mine);
    const bool goes_on = out.wake == &mine && !model_executor_;
    if (goes_on) out.wake = nullptr;
    const bool at_once = goes_on && !this->observer_;
    completion_list here;
    this->release(lock, out, &here);
    if (here.empty()) return at_once;
    run_all_here(std::move(here));
    return false;
  }

  /// The model executor runs nothing any more, nor does it make models.
  void lose_turn(lane_slot& mine) {
    effects out;
    auto lock = this->enter(out, Clock::now());
    lanes_.looked(mine, false);
    reloads_.settle_all(error::shut_down, out.ready);
    this->release(lock, out);
    this->close();
  }

  const boost::asio::any_io_executor model_executor_;

  // Guarded by the lock.
  std::shared_ptr<const lane_maker> make_;
  std::uint64_t generation_ = 0;  // of make_; lanes of an older one renew themselves before their next batch
  boost::system::error_code reload_error_;
  std::size_t turns_ = 0;  // on the model executor, in progress
  std::condition_variable turn_ended_;

  std::mutex making_;  // held while a lane is made
};

}  // namespace carpool::execution
