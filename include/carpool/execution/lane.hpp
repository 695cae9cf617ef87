// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/error.hpp>
#include <carpool/execution/completion.hpp>
#include <carpool/execution/pipeline.hpp>
#include <carpool/execution/request.hpp>
#include <carpool/execution/rerun.hpp>
#include <carpool/execution/salvage.hpp>
#include <carpool/execution/stopwatch.hpp>
#include <carpool/scheduling/waiting_request.hpp>

#include <boost/config.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace carpool::execution {

/// One model instance with the batch it works on, without its types. Used by one thread at a time. A batch
/// goes through these steps in this order; a step that throws inside makes the whole batch fail, never the
/// lane.
class lane {
 public:
  virtual ~lane() = default;

  /// Takes the inputs out of the members' operations.
  virtual void collect(std::span<const scheduling::waiting_request> members) noexcept = 0;
  /// Member `position` left before the batch was sealed; the last position first.
  virtual void drop(std::size_t position) noexcept = 0;
  /// Destroys the inputs of those who were dropped. Without the lock: their destructors may call the batcher.
  virtual void forget_dropped() noexcept = 0;
  /// Runs the functors; with a stopwatch it takes the time of their steps.
  virtual void run(stopwatch* watch) noexcept = 0;
  /// The exception that failed the whole batch, if any.
  [[nodiscard]] const std::exception_ptr& failure() const noexcept { return failure_; }
  /// The batch failed as a whole, and its members can be run again.
  [[nodiscard]] virtual bool can_run_in_parts() const noexcept = 0;
  /// Does so: only members that fail alone fail. At most so many runs beside those for lack of memory; tells
  /// how many there were. Afterwards every member has a result of its own, and misfit() is known.
  [[nodiscard]] virtual std::size_t run_in_parts(std::size_t runs) noexcept = 0;
  /// The members, as [first, first + count), that did not fit into memory together; as few as are known.
  struct part {
    std::size_t first = 0;
    std::size_t count = 0;
  };
  [[nodiscard]] const part& misfit() const noexcept { return misfit_; }
  /// A functor has said so, by carpool::device_lost.
  [[nodiscard]] virtual bool lost_device() const noexcept = 0;
  /// Puts the input of the member at this position back into its request, so that it can be run elsewhere.
  /// False: it cannot, or has a result, or an error of its own.
  [[nodiscard]] virtual bool give_back(std::size_t position, pending_request& request) noexcept = 0;
  /// Every member that still waits will get a result.
  [[nodiscard]] bool all_succeeded() const noexcept { return !failure_ && !any_failed_; }
  /// So many riders share the result of the member at this position; in order of positions, and only if the
  /// batch has not failed as a whole.
  void share(std::size_t position, std::size_t riders) noexcept { shared_.push_back({position, riders}); }
  /// Copies the results for them.
  virtual void copy_results() noexcept = 0;
  /// A request waits for the result at this position, and will get it by deliver(); what it is told, no error
  /// if it gets a result. In order of positions; who claims the same as the one before is a rider.
  [[nodiscard]] boost::system::error_code claim(std::size_t position, pending_request& request) noexcept {
    const bool rides_along = std::exchange(last_claimed_, position) == position;
    const std::size_t at = rides_along && !failure_ ? next_copy(position) : position;
    claimed_.push(request, at);
    return error_of(at);
  }
  /// Settles the claimed members.
  virtual void deliver(completion_list& ready) noexcept = 0;
  /// Settles all members, none of whom has left since they were collected, when all have succeeded.
  virtual void deliver_all(completion_list& ready) noexcept = 0;

 protected:
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

  /// A result that several wait for, and where the next copy of it is.
  struct shared_result {
    std::size_t position;
    std::size_t riders;
    std::size_t copy = nowhere;
  };

  /// What the result at this position, which may be a copy, tells its caller.
  [[nodiscard]] virtual boost::system::error_code error_of(std::size_t position) const noexcept = 0;

  std::vector<shared_result> shared_;  // in order of positions, and with room for every member
  std::size_t last_claimed_ = nowhere;
  request_list claimed_;
  std::exception_ptr failure_;
  bool any_failed_ = false;  // a result of the last run is an error
  part misfit_;

 private:
  [[nodiscard]] std::size_t next_copy(std::size_t position) noexcept {
    const auto of = std::lower_bound(
        shared_.begin(), shared_.end(), position,
        [](const shared_result& each, std::size_t wanted) { return each.position < wanted; });
    return of->copy++;
  }
};

/// Makes the lane of an index; called once per index, never by two threads at once.
using lane_maker = std::function<std::unique_ptr<lane>(std::size_t)>;

/// A lane with its types. Its buffers are kept from batch to batch.
template <class In, class Out>
class typed_lane final : public lane {
 public:
  explicit typed_lane(std::unique_ptr<pipeline<In, Out>> functors) : pipeline_(std::move(functors)) {}

  void collect(std::span<const scheduling::waiting_request> members) noexcept override {
    failure_ = nullptr;
    any_failed_ = ran_ = lost_device_ = false;
    misfit_ = {};
    last_claimed_ = nowhere;
    shared_.clear();
    inputs_.clear();  // left over when collecting failed and then everybody left
    seats_.clear();
    dropped_.clear();
    guarded([&] {
      dropped_.reserve(members.size());
      shared_.reserve(members.size());
      inputs_.reserve(members.size());
      seats_.resize(members.size());
      auto seat = seats_.begin();
      for (const auto& member : members) {
        *seat = request_of(member.handle);
        inputs_.push_back(std::move((*seat++)->input));
      }
    });
  }

  void drop(std::size_t position) noexcept override {
    if (!failure_) dropped_.push_back(position);
  }

  void forget_dropped() noexcept override {
    if (failure_) return;
    guarded([&] {  // no erase: In need not be assignable
      std::vector<In> kept;
      kept.reserve(inputs_.capacity());
      for (std::size_t i = 0; i < inputs_.size(); ++i)
        if (!dropped_.empty() && dropped_.back() == i)
          dropped_.pop_back();
        else
          kept.push_back(std::move(inputs_[i]));
      inputs_.swap(kept);
    });
  }

  void run(stopwatch* watch) noexcept override {
    if (failure_) return;
    guarded([&] {
      ran_ = true;
      results_.reserve(inputs_.size());
      keep_copies();
      any_failed_ = pipeline_->run(inputs_, results_, watch);
    });
    if (!failure_) inputs_.clear();
    if (failure_ && code_ == error::out_of_memory) misfit_ = {0, inputs_.size()};
    lost_device_ = failure_ && code_ == error::device_lost;
  }

  [[nodiscard]] bool can_run_in_parts() const noexcept override {
    return failure_ && ran_ && !lost_device_ && inputs_.size() > 1 && pipeline_->again() != rerun::never;
  }

  [[nodiscard]] std::size_t run_in_parts(std::size_t runs) noexcept override {
    salvage<In, Out> rescue(*pipeline_, runs);
    try {
      std::span<In> inputs = copies_.empty() ? std::span<In>(inputs_) : std::span<In>(copies_);
      rescue.run_halves(inputs, code_, results_);
      misfit_ = {rescue.smallest_misfit().first, rescue.smallest_misfit().count};
      lost_device_ = rescue.lost_device();
      failure_ = nullptr;
      any_failed_ = true;
    } catch (...) {  // no memory for this: the batch stays failed
    }
    return rescue.runs();
  }

  [[nodiscard]] bool lost_device() const noexcept override { return lost_device_; }

  [[nodiscard]] bool give_back(std::size_t position, pending_request& request) noexcept override {
    if (error_of(position) != error::device_lost || pipeline_->again() == rerun::never) return false;
    if constexpr (std::is_trivially_copyable_v<In>) {
      return true;  // it is still there
    } else if constexpr (std::is_nothrow_move_constructible_v<In>) {
      In& input = request_of(&request)->input;
      std::destroy_at(&input);  // In need not be assignable
      std::construct_at(&input, std::move(inputs_[position]));
      return true;
    } else {
      return false;
    }
  }

  void copy_results() noexcept override {
    std::size_t copies = 0;
    for (shared_result& each : shared_)
      each.copy = results_.size() + std::exchange(copies, copies + each.riders);
    try {
      results_.reserve(results_.size() + copies);
    } catch (...) {
      return;
    }
    for (const shared_result& each : shared_)
      for (std::size_t i = 0; i < each.riders; ++i) results_.push_back(copy_of(results_[each.position]));
  }

  void deliver(completion_list& ready) noexcept override {
    claimed_.take([&](pending_request& each, std::size_t position) {
      if (const auto why = error_of(position))
        each.fail(why, ready);
      else
        request_of(&each)->succeed(*std::move(results_[position]), ready);
    });
    clear();
  }

  void deliver_all(completion_list& ready) noexcept override {
    auto result = results_.begin();
    for (request<In, Out>* const each : seats_) {
      if (!result->has_value()) BOOST_UNREACHABLE_RETURN();
      each->succeed(*std::move(*result++), ready);
    }
    clear();
  }

 private:
  [[nodiscard]] boost::system::error_code error_of(std::size_t position) const noexcept override {
    if (failure_) return code_;
    if (position >= results_.size()) return error::model_failed;  // no memory for a copy
    return results_[position].has_value() ? boost::system::error_code{} : results_[position].error();
  }

  static request<In, Out>* request_of(void* handle) noexcept {
    return static_cast<request<In, Out>*>(static_cast<pending_request*>(handle));
  }

  void clear() noexcept {
    inputs_.clear();
    copies_.clear();
    results_.clear();
  }

  /// For functors that may change their inputs.
  void keep_copies() {
    if constexpr (std::is_trivially_copyable_v<In> && std::copy_constructible<In>)
      if (pipeline_->again() == rerun::from_a_copy && inputs_.size() > 1)
        copies_.insert(copies_.end(), inputs_.begin(), inputs_.end());
  }

  /// Of a result that several wait for. Where Out cannot be copied none do.
  static boost::system::result<Out> copy_of(const boost::system::result<Out>& result) noexcept {
    if constexpr (std::copy_constructible<Out>) {
      try {
        return result;
      } catch (...) {
        return {boost::system::in_place_error, code_of(std::current_exception())};
      }
    } else {
      return {boost::system::in_place_error, error::model_failed};
    }
  }

  template <class Step>
  void guarded(Step step) noexcept {
    try {
      step();
    } catch (...) {
      failure_ = std::current_exception();
      code_ = code_of(failure_);
    }
  }

  std::unique_ptr<pipeline<In, Out>> pipeline_;
  std::vector<request<In, Out>*> seats_;  // the members as collected: their batch may be gone when they end
  std::vector<In> inputs_;
  std::vector<In> copies_;            // of the inputs, where functors may change them
  std::vector<std::size_t> dropped_;  // positions of those who left, descending
  std::vector<boost::system::result<Out>> results_;
  boost::system::error_code code_;  // of failure_
  bool ran_ = false;                // the inputs have been collected and run
  bool lost_device_ = false;
};

}  // namespace carpool::execution
