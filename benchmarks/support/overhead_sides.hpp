// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "support/closed_loops.hpp"
#include "support/hand_made_batchers.hpp"
#include "support/placement.hpp"
#include <carpool/carpool.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

// The sides of bench_overhead: ways to get a number incremented in batches. Each measures a closed loop of so
// many requests, of which so many are in flight, and returns nanoseconds per request.
namespace bench {

namespace asio = boost::asio;
using carpool::DynamicBatcher;

inline std::span<int> increment(std::span<int> inputs) {
  for (int& input : inputs) ++input;
  return inputs;
}

/// The model, on a lane with a thread there.
inline auto increment_on(int cpu) {
  return [cpu](std::size_t) {
    run_on(cpu);
    return &increment;
  };
}

inline const carpool::options options{.max_batch_size = max_batch_size};

// ---- callers with plain threads

inline double deque_and_futures(const placement& where, int threads, int requests, int in_flight) {
  batching_thread<promised> worker(where.workers, [](std::vector<promised>& batch) {
    for (auto& each : batch) each.result.set_value(each.input + 1);
  });
  return bursts(threads, requests, in_flight, [&](int first, int count) {
    std::vector<std::future<int>> results;
    for (int i = 0; i < count; ++i) {
      std::promise<int> promise;
      results.push_back(promise.get_future());
      worker.push({first + i, std::move(promise)});
    }
    for (int i = 0; i < count; ++i) check(first + i, results[static_cast<std::size_t>(i)].get());
  });
}

#ifdef BENCH_HAS_MOODYCAMEL
inline double lock_free_queue(const placement& where, int threads, int requests, int in_flight) {
  batching_thread<called_back, moodycamel_queue> worker(where.workers, [](std::vector<called_back>& batch) {
    for (auto& each : batch) each.done(each.input + 1);
  });
  return bursts(threads, requests, in_flight, [&](int first, int count) {
    burst_results results(count);
    for (int i = 0; i < count; ++i) worker.push({first + i, results.callback(i)});
    results.check_from(first);
  });
}
#endif

/// Callbacks on the lane's thread, as those of the other two are.
inline double carpool_threads(const placement& where, int threads, int requests, int in_flight) {
  DynamicBatcher<int, int> batcher(options, increment_on(where.workers), carpool::eager{});
  return bursts(threads, requests, in_flight, [&](int first, int count) {
    burst_results results(count);
    for (int i = 0; i < count; ++i)
      batcher.async_submit(
          first + i, asio::bind_executor(asio::system_executor(),
                                         [done = results.callback(i)](boost::system::error_code, int output) {
                                           done(output);
                                         }));
    results.check_from(first);
  });
}

inline double carpool_futures(const placement& where, int threads, int requests, int in_flight) {
  DynamicBatcher<int, int> batcher(options, increment_on(where.workers), carpool::eager{});
  return bursts(threads, requests, in_flight, [&](int first, int count) {
    std::vector<std::future<int>> results;
    for (int i = 0; i < count; ++i) results.push_back(batcher.async_submit(first + i, asio::use_future));
    for (int i = 0; i < count; ++i) check(first + i, results[static_cast<std::size_t>(i)].get());
  });
}

// ---- callers on an io_context

/// An io_context as servers have it, with timers or sockets: where idle it waits in epoll, for everybody.
struct caller_context : asio::io_context {
  asio::steady_timer timer{*this};
};

inline double post_round_trip(const placement& where, int requests, int in_flight) {
  caller_context io;
  asio::io_context worker;
  const auto work = make_work_guard(worker);
  std::thread thread([&] {
    run_on(where.workers);
    worker.run();
  });
  callback_chains chains(requests, [&](int input, auto done) {
    asio::post(worker, [&io, input, done, guard = make_work_guard(io)] {
      asio::post(io, [input, done] { done(input + 1); });
    });
  });
  const double cost = chains.run(io, in_flight);
  worker.stop();
  thread.join();
  return cost;
}

inline double by_hand_callbacks(const placement& where, int requests, int in_flight) {
  caller_context io;
  asio_batcher batcher(io, where.workers);
  return callback_chains(requests, [&](int input, auto done) { batcher.submit(input, done); })
      .run(io, in_flight);
}

inline double by_hand_coroutines(const placement& where, int requests, int in_flight) {
  caller_context io;
  asio_batcher batcher(io, where.workers);
  return coroutine_chains(io, requests, in_flight, [&](int input) {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(int)>(
        [&batcher, input](auto handler) {
          const auto shared = std::make_shared<decltype(handler)>(std::move(handler));
          batcher.submit(input, [shared](int output) { std::move (*shared)(output); });
        },
        asio::use_awaitable);
  });
}

template <class Policy = carpool::eager>
double carpool_callbacks(const placement& where, int requests, int in_flight) {
  caller_context io;
  DynamicBatcher<int, int> batcher(io, options, increment_on(where.workers), Policy{});
  return callback_chains(requests,
                         [&](int input, auto done) {
                           batcher.async_submit(
                               input, [done](boost::system::error_code, int output) { done(output); });
                         })
      .run(io, in_flight);
}

inline double carpool_coroutines(const placement& where, int requests, int in_flight) {
  caller_context io;
  DynamicBatcher<int, int> batcher(io, options, increment_on(where.workers), carpool::eager{});
  return coroutine_chains(io, requests, in_flight,
                          [&](int input) { return batcher.async_submit(input, asio::use_awaitable); });
}

inline carpool::options on(asio::io_context& io) {
  return {.max_batch_size = max_batch_size, .model_executor = io.get_executor()};
}

inline double carpool_same_context(int requests, int in_flight) {
  caller_context io;
  DynamicBatcher<int, int> batcher(io, on(io), &increment, carpool::eager{});
  return callback_chains(requests,
                         [&](int input, auto done) {
                           batcher.async_submit(
                               input, [done](boost::system::error_code, int output) { done(output); });
                         })
      .run(io, in_flight);
}

/// With a deadline, a way to cancel it, and a policy that waits for company.
inline double every_feature(int requests, int in_flight) {
  caller_context io;
  std::vector<asio::cancellation_signal> signals(static_cast<std::size_t>(in_flight));
  DynamicBatcher<int, int> batcher(io, on(io), &increment, carpool::size_or_timeout{});
  return callback_chains(requests,
                         [&](int input, auto done) {
                           auto slot = signals[static_cast<std::size_t>(input % in_flight)].slot();
                           batcher.async_submit(
                               input, {.deadline = std::chrono::hours{1}},
                               asio::bind_cancellation_slot(
                                   slot, [done](boost::system::error_code, int output) { done(output); }));
                         })
      .run(io, in_flight);
}

}  // namespace bench
