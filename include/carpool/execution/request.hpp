// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/error.hpp>
#include <carpool/execution/completion.hpp>
#include <carpool/execution/handler_completion.hpp>
#include <carpool/execution/submission.hpp>
#include <carpool/scheduling/outcome.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace carpool::execution {

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
    case scheduling::outcome::device_lost:
      return error::device_lost;
    case scheduling::outcome::failed:
      return error::model_failed;
    case scheduling::outcome::succeeded:
      break;
  }
  return {};
}

/// One request in the queue or in a batch: its input, and where its result goes. Asks no more of Out than
/// that it can be moved into place.
template <class In, class Out>
class request : public pending_request {
 public:
  /// The rest as for a pending_request.
  template <class... Rest>
  explicit request(In&& in, Rest&&... rest) noexcept(std::is_nothrow_move_constructible_v<In>)
      : pending_request(std::forward<Rest>(rest)...), input(std::move(in)) {}

  /// Ends the request with its output, as fail() does without.
  void succeed(Out&& output, completion_list& ready) noexcept {
    output_.emplace(std::move(output));
    end(ready);
  }

  /// Asks what the request costs. Throws std::invalid_argument if that is no work.
  template <class WorkOf>
  void weigh(const WorkOf& work_of) {
    const double work = this->facts.work = work_of(std::as_const(input));
    if (!(work >= 0 && work < std::numeric_limits<double>::infinity()))
      throw std::invalid_argument("carpool: the work of a request is " + std::to_string(work) +
                                  "; it must be a finite number that is not negative");
  }

  /// Why there is no output, once settled without.
  [[nodiscard]] boost::system::error_code error() const noexcept { return error_; }
  [[nodiscard]] std::optional<Out>& output() noexcept { return output_; }

  In input;

 private:
  std::optional<Out> output_;
};

/// async_submit: one request, one handler. The request comes first, so that what lanes touch, which run on
/// other CPUs, lies in as few cache lines as may be, whatever the handler is.
template <class In, class Out, class Handler>
class single_operation final : public request<In, Out>,
                               public handler_completion<single_operation<In, Out, Handler>, Handler> {
  using base = handler_completion<single_operation, Handler>;

 public:
  using result_type = Out;

  single_operation(Handler&& handler, const home& own, const request_times& when, const submit_options& asked,
                   In&& in)
      : request<In, Out>(std::move(in), when, asked, static_cast<completion&>(*this)),
        base(std::move(handler), own) {}

  [[nodiscard]] submission& requests() noexcept { return *this; }

  template <class Receiver>
  void deliver_to(Receiver&& receiver) {
    if (this->output()) [[likely]]
      std::forward<Receiver>(receiver)(boost::system::error_code{}, *std::move(this->output()));
    else
      std::forward<Receiver>(receiver)(this->error(), Out{});
  }
};

/// The requests of async_submit_many. They do not move: the queue refers to them.
template <class In, class Out>
class request_group {
 public:
  request_group(std::vector<In>&& inputs, const request_times& when, const submit_options& asked,
                completion& operation)
      : unsettled_(inputs.size()) {
    for (In& input : inputs) {
      auto* before = items_.empty() ? nullptr : &items_.back();
      auto& item = items_.emplace_back(std::move(input), when, asked, operation, unsettled_);
      if (before != nullptr) before->set_sibling(item);
    }
    items_.front().stand_for(items_.size());
  }

  [[nodiscard]] std::deque<request<In, Out>>& items() noexcept { return items_; }

  template <class WorkOf>
  void weigh(const WorkOf& work_of) {
    for (auto& item : items_) item.weigh(work_of);
  }

 private:
  std::deque<request<In, Out>> items_;
  std::atomic<std::size_t> unsettled_;
};

/// async_submit_many: several requests, at least one, and one handler, called when the last of them has
/// ended.
template <class In, class Out, class Handler>
class many_operation final : public handler_completion<many_operation<In, Out, Handler>, Handler>,
                             public request_group<In, Out> {
  using base = handler_completion<many_operation, Handler>;
  using group = request_group<In, Out>;

 public:
  using result_type = std::vector<Out>;

  many_operation(Handler&& handler, const home& own, const request_times& when, const submit_options& asked,
                 std::vector<In>&& inputs)
      : base(std::move(handler), own), group(std::move(inputs), when, asked, *this) {
    results_.reserve(this->items().size());  // so that nothing can fail when the results are there
  }

  [[nodiscard]] submission& requests() noexcept { return this->items().front(); }

  /// All results in the order of the inputs, or the error of the first that failed.
  template <class Receiver>
  void deliver_to(Receiver&& receiver) {
    for (auto& item : this->items()) {
      if (!item.output()) return std::forward<Receiver>(receiver)(item.error(), std::vector<Out>{});
      results_.push_back(*std::move(item.output()));
    }
    std::forward<Receiver>(receiver)(boost::system::error_code{}, std::move(results_));
  }

 private:
  std::vector<Out> results_;
};

}  // namespace carpool::execution
