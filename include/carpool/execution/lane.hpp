// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/error.hpp>
#include <carpool/execution/completion.hpp>
#include <carpool/execution/pipeline.hpp>
#include <carpool/execution/request.hpp>
#include <carpool/scheduling/waiting_request.hpp>

#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <span>
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
  /// Member `position` left before the batch was sealed.
  virtual void drop(std::size_t position) noexcept = 0;
  /// Runs the functors.
  virtual void run() noexcept = 0;
  /// The exception that failed the whole batch, if any.
  [[nodiscard]] const std::exception_ptr& failure() const noexcept { return failure_; }
  /// Every member that still waits will get a result.
  [[nodiscard]] bool all_succeeded() const noexcept { return !failure_ && !any_failed_; }
  /// This member will.
  [[nodiscard]] virtual bool succeeded(std::size_t position) const noexcept = 0;
  /// The member at this position still waits, and will get its result by deliver().
  void claim(std::size_t position, void* handle) noexcept {
    claimed_.push(*static_cast<pending_request*>(handle), position);
  }
  /// Settles the claimed members.
  virtual void deliver(completion_list& ready) noexcept = 0;

 protected:
  request_list claimed_;
  std::exception_ptr failure_;
  bool any_failed_ = false;  // a result of the last run is an error
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
    inputs_.clear();  // left over when collecting failed and then everybody left
    guarded([&] {
      inputs_.reserve(members.size());
      for (const auto& member : members) inputs_.push_back(std::move(request_of(member.handle)->input));
    });
  }

  void drop(std::size_t position) noexcept override {
    if (failure_) return;
    guarded([&] {  // no erase: In need not be assignable
      std::vector<In> kept;
      kept.reserve(inputs_.capacity());
      for (std::size_t i = 0; i < inputs_.size(); ++i)
        if (i != position) kept.push_back(std::move(inputs_[i]));
      inputs_.swap(kept);
    });
  }

  void run() noexcept override {
    if (!failure_) {
      guarded([&] {
        results_.reserve(inputs_.size());
        any_failed_ = pipeline_->run(inputs_, results_, nullptr);
      });
    }
    inputs_.clear();
  }

  [[nodiscard]] bool succeeded(std::size_t position) const noexcept override {
    return !failure_ && results_[position].has_value();
  }

  void deliver(completion_list& ready) noexcept override {
    if (failure_)
      claimed_.take([&](pending_request& each, std::size_t) { each.fail(code_, ready); });
    else
      claimed_.take([&](pending_request& each, std::size_t position) {
        request_of(&each)->settle(std::move(results_[position]), ready);
      });
    results_.clear();
  }

 private:
  static request<In, Out>* request_of(void* handle) noexcept {
    return static_cast<request<In, Out>*>(static_cast<pending_request*>(handle));
  }

  template <class Step>
  void guarded(Step step) noexcept {
    try {
      step();
    } catch (const boost::system::system_error& thrown) {
      fail(thrown.code().failed() ? thrown.code() : make_error_code(error::model_failed));
    } catch (...) {
      fail(error::model_failed);
    }
  }

  void fail(boost::system::error_code code) noexcept {
    failure_ = std::current_exception();
    code_ = code;
  }

  std::unique_ptr<pipeline<In, Out>> pipeline_;
  std::vector<In> inputs_;
  std::vector<boost::system::result<Out>> results_;
  boost::system::error_code code_;
};

}  // namespace carpool::execution
