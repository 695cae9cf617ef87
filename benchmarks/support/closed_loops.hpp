// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Callers that always have a fixed number of requests under way. Answers are checked. All return nanoseconds
// per request.

#pragma once

#include "support/clock.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstddef>
#include <ctime>
#include <future>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

/// What the loops are measured by: the time on the wall, or, where other programs compete for the CPUs, CPU
/// time.
inline clockid_t measured_by = CLOCK_MONOTONIC;

class stopwatch {
 public:
  [[nodiscard]] double nanoseconds() const { return 1e9 * (seconds(measured_by) - begin_); }

 private:
  double begin_ = seconds(measured_by);
};

inline void check(int input, int output) {
  if (output != input + 1) throw std::runtime_error("a caller got somebody else's result");
}

/// Chains of requests on one io_context, run by this thread: `submit(input, done)` calls done(output) there.
template <class Submit>
class callback_chains {
 public:
  callback_chains(int requests, Submit submit) : requests_(requests), submit_(std::move(submit)) {}

  double run(boost::asio::io_context& io, int in_flight) {
    const stopwatch watch;
    for (int i = 0; i < in_flight; ++i) next();
    io.run();
    return watch.nanoseconds() / requests_;
  }

 private:
  void next() {
    if (started_ == requests_) return;
    const int input = started_++;
    submit_(input, [this, input](int output) {
      check(input, output);
      next();
    });
  }

  int requests_;
  int started_ = 0;
  Submit submit_;
};

/// The same with coroutines: `co_await submit(input)` is the output.
template <class Submit>
double coroutine_chains(boost::asio::io_context& io, int requests, int in_flight, Submit submit) {
  int started = 0;
  const auto chain = [&]() -> boost::asio::awaitable<void> {
    while (started < requests) {
      const int input = started++;
      check(input, co_await submit(input));
    }
  };
  const stopwatch watch;
  for (int i = 0; i < in_flight; ++i) boost::asio::co_spawn(io, chain(), boost::asio::detached);
  io.run();
  return watch.nanoseconds() / requests;
}

/// Plain threads, each of which submits a burst of requests and waits for all results, again and again.
/// `burst(first, count)` does that for the inputs from `first` on.
template <class Burst>
double bursts(int threads, int requests, int in_flight, const Burst& burst) {
  const auto caller = [&] {
    for (int first = 0; first < requests / threads; first += in_flight) burst(first, in_flight);
  };
  const stopwatch watch;
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(caller);
  caller();
  for (auto& other : others) other.join();
  return watch.nanoseconds() / requests;
}

/// The results of a burst, each set by a callback on whatever thread. Who waits for them sleeps: a std::latch
/// yields the CPU again and again before it does, which is what would be measured where threads share one.
class burst_results {
 public:
  explicit burst_results(int count) : outputs_(static_cast<std::size_t>(count)), missing_(count) {}

  [[nodiscard]] auto callback(int i) {
    return [this, i](int output) {
      outputs_[static_cast<std::size_t>(i)] = output;
      if (missing_.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
      std::promise<void>(std::move(complete_)).set_value();  // all else may be gone before that has returned
    };
  }

  /// Waits for all of them and checks them.
  void check_from(int first) {
    completed_.get();
    for (std::size_t i = 0; i < outputs_.size(); ++i) check(first + static_cast<int>(i), outputs_[i]);
  }

 private:
  std::vector<int> outputs_;
  std::atomic<int> missing_;
  std::promise<void> complete_;  // wakes the caller without a lock, which he would have to wait for
  std::future<void> completed_ = complete_.get_future();
};

}  // namespace bench
