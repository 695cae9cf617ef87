// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/time.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>

namespace carpool {

/// How a DynamicBatcher behaves. The defaults need no tuning; every field states its unit, range and meaning.
struct options {
  /// Requests in one model run, at least 1. A bound, not a target: nothing is allocated in advance.
  std::size_t max_batch_size = 32;

  /// Longest time that a policy which waits for company may hold a request while a lane is free, counted from
  /// the request's own arrival; zero or more. `eager` never holds one, so it does not look at this.
  duration max_queue_delay = std::chrono::milliseconds{5};

  /// Requests that may wait at once, at least 1; a submission that would exceed it fails with
  /// `error::queue_full`. Requests in a running batch do not count.
  std::size_t max_queue_size = 4096;

  /// Model instances that run batches side by side, at least 1; each has a worker thread, unless
  /// `model_executor` is set.
  std::size_t lanes = 1;

  /// Deadline of requests that bring none, from submission on; more than zero. `duration::max()` means none.
  duration default_deadline = duration::max();

  /// Where batches run. Empty: on one thread per lane, owned by the batcher. Set: batches are posted there
  /// and the batcher owns no worker thread; the caller's own io_context is allowed and the cheapest choice
  /// for tiny models.
  boost::asio::any_io_executor model_executor = {};

  /// Called with the exception that made a batch fail, on the lane's thread; what it throws is ignored.
  std::function<void(std::exception_ptr)> on_batch_error = {};
};

/// When a request must be answered: a duration from its submission on ("within 50 ms"), or a time point that
/// comes from upstream. Default-constructed, it means `options::default_deadline`.
class time_limit {
 public:
  constexpr time_limit() noexcept = default;

  /// Within this time from the submission on. Zero or less: the request expires at once and never runs.
  template <class Rep, class Period>
  constexpr time_limit(std::chrono::duration<Rep, Period> within) noexcept
      : kind_(kind::within), within_(saturating_cast(within)) {}

  /// At this time.
  constexpr time_limit(time_point at) noexcept : kind_(kind::at), within_(at.time_since_epoch()) {}

  /// No time point is meant, whenever the request is submitted.
  [[nodiscard]] constexpr bool is_never(duration default_deadline) const noexcept {
    return kind_ != kind::at && (kind_ == kind::within ? within_ : default_deadline) == duration::max();
  }

  /// The time point meant, for a request submitted at `now` to a batcher with this default.
  [[nodiscard]] constexpr time_point resolve(time_point now, duration default_deadline) const noexcept {
    if (kind_ == kind::at) return time_point{within_};
    return saturating_add(now, kind_ == kind::within ? within_ : default_deadline);
  }

 private:
  enum class kind : unsigned char { unset, within, at };
  kind kind_ = kind::unset;
  duration within_{};
};

/// A request with this deadline waits as long as it takes, whatever `options::default_deadline` says.
inline constexpr time_limit no_deadline{duration::max()};

/// What one submission may ask for. Trivially destructible on purpose: GCC 12 destroys a braced temporary
/// inside a `co_await` expression twice, and `async_submit(x, {.deadline = 50ms})` must be safe there.
struct submit_options {
  time_limit deadline = {};
};

/// Throws std::invalid_argument with a sentence that names the first field out of range, its value and the
/// range.
inline void check(const options& given) {
  const auto at_least_one = [](const char* field, std::size_t value) {
    if (value == 0)
      throw std::invalid_argument(std::string("carpool::options::") + field + " is 0; it must be at least 1");
  };
  const auto refuse = [](const char* field, duration value, const char* range) {
    const auto milliseconds = std::chrono::duration<double, std::milli>(value).count();
    throw std::invalid_argument(std::string("carpool::options::") + field + " is " +
                                std::to_string(milliseconds) + " ms; it must be " + range);
  };
  at_least_one("max_batch_size", given.max_batch_size);
  at_least_one("max_queue_size", given.max_queue_size);
  at_least_one("lanes", given.lanes);
  if (given.max_queue_delay < duration::zero())
    refuse("max_queue_delay", given.max_queue_delay, "zero or more");
  if (given.default_deadline <= duration::zero())
    refuse("default_deadline", given.default_deadline, "more than zero");
}

}  // namespace carpool
