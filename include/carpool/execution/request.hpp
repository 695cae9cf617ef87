// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/error.hpp>
#include <carpool/execution/completion.hpp>
#include <carpool/execution/handler_completion.hpp>
#include <carpool/scheduling/outcome.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/result.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace carpool::execution {

/// A result that comes later; asks no more of Out than that it can be moved into place.
template <class Out>
struct result_slot {
  void put(boost::system::result<Out>&& result) noexcept {
    if (result.has_value())
      value.emplace(*std::move(result));
    else
      error = result.error();
  }

  boost::system::error_code error;
  std::optional<Out> value;
};

/// What an early end looks like to the caller.
[[nodiscard]] inline boost::system::error_code code_of(scheduling::outcome why) noexcept {
  switch (why) {
    case scheduling::outcome::rejected:
      return error::queue_full;
    case scheduling::outcome::too_large:
      return error::too_large;
    case scheduling::outcome::expired:
      return error::expired;
    case scheduling::outcome::cancelled:
      return boost::asio::error::operation_aborted;
    case scheduling::outcome::shut_down:
      return error::shut_down;
    case scheduling::outcome::failed:
      return error::model_failed;
    case scheduling::outcome::succeeded:
      break;
  }
  return {};
}

/// A request as the shell sees it; the scheduler's handles point to these.
class pending_request {
 public:
  /// Ends the request without a result; an operation that is complete by this is added to `ready`. A request
  /// ends exactly once.
  virtual void fail(boost::system::error_code why, completion_list& ready) noexcept = 0;

 protected:
  ~pending_request() = default;
};

/// One request in the queue or in a batch: its input, and where its result goes.
template <class In, class Out>
class request : public pending_request {
 public:
  explicit request(In&& in) : input(std::move(in)) {}

  /// Ends the request with its result, as fail() does without.
  virtual void settle(boost::system::result<Out> result, completion_list& ready) noexcept = 0;

  void fail(boost::system::error_code why, completion_list& ready) noexcept final {
    settle({boost::system::in_place_error, why}, ready);
  }

  In input;

 protected:
  ~request() = default;
};

/// async_submit: one request, one handler.
template <class In, class Out, class Handler, class DefaultExecutor>
class single_operation final : public handler_completion<single_operation<In, Out, Handler, DefaultExecutor>,
                                                         Handler, DefaultExecutor>,
                               public request<In, Out> {
  using base = handler_completion<single_operation, Handler, DefaultExecutor>;

 public:
  using result_type = Out;

  single_operation(Handler&& handler, const DefaultExecutor& fallback, In&& in)
      : base(std::move(handler), fallback), request<In, Out>(std::move(in)) {}

  void settle(boost::system::result<Out> result, completion_list& ready) noexcept override {
    result_.put(std::move(result));
    ready.push(this);
  }

  std::tuple<boost::system::error_code, Out> take_results() {
    if (!result_.value) return {result_.error, Out{}};
    return {boost::system::error_code{}, *std::move(result_.value)};
  }

  /// The requests of this operation, for the queue.
  [[nodiscard]] static constexpr std::size_t count() noexcept { return 1; }
  [[nodiscard]] request<In, Out>& at(std::size_t) noexcept { return *this; }

 private:
  result_slot<Out> result_;
};

/// async_submit_many: several requests, one handler, called when the last of them is settled.
template <class In, class Out, class Handler, class DefaultExecutor>
class many_operation final
    : public handler_completion<many_operation<In, Out, Handler, DefaultExecutor>, Handler, DefaultExecutor> {
  using base = handler_completion<many_operation, Handler, DefaultExecutor>;

 public:
  using result_type = std::vector<Out>;

  many_operation(Handler&& handler, const DefaultExecutor& fallback, std::vector<In>&& inputs)
      : base(std::move(handler), fallback), pending_(inputs.size()) {
    results_.reserve(inputs.size());  // so that nothing can fail when the results are there
    for (In& input : inputs) items_.emplace_back(std::move(input), *this);
  }

  /// All results in the order of the inputs, or the error of the first that failed.
  std::tuple<boost::system::error_code, std::vector<Out>> take_results() {
    for (item& each : items_) {
      if (!each.slot.value) return {each.slot.error, std::vector<Out>{}};
      results_.push_back(*std::move(each.slot.value));
    }
    return {boost::system::error_code{}, std::move(results_)};
  }

  [[nodiscard]] std::size_t count() const noexcept { return items_.size(); }
  [[nodiscard]] request<In, Out>& at(std::size_t i) noexcept { return items_[i]; }

 private:
  struct item final : request<In, Out> {
    item(In&& in, many_operation& owner_) : request<In, Out>(std::move(in)), owner(owner_) {}

    // Lanes settle the items of one operation side by side; the last one sees what all of them wrote.
    void settle(boost::system::result<Out> settled, completion_list& ready) noexcept override {
      slot.put(std::move(settled));
      if (owner.pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) ready.push(&owner);
    }

    many_operation& owner;
    result_slot<Out> slot;
  };

  std::deque<item> items_;  // items do not move: the queue refers to them
  std::vector<Out> results_;
  std::atomic<std::size_t> pending_;
};

}  // namespace carpool::execution
