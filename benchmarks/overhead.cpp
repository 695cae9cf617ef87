// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

constexpr char usage[] = R"(What does a request cost on its way through the batcher?

  bench_overhead [--rounds N] [--json FILE] [--cpu-time]

The model costs nothing. --cpu-time: CPU time instead of the time on the wall, for machines with other work.
Closed loops with 1024, 32 and 1 requests in flight, with callers and workers on one CPU and on two, against
the batchers that one writes by hand and against posting each request to another thread and back. Then an open
loop. All take what is there, as eager does; what it costs to decide better is the question of bench_deciding.
plot_bars.py draws the file that --json writes.
)";

#include "support/arguments.hpp"
#include "support/closed_loops.hpp"
#include "support/hand_made_batchers.hpp"
#include "support/open_loop.hpp"
#include "support/placement.hpp"
#include "support/scoreboard.hpp"
#include "support/write_file.hpp"
#include <carpool/carpool.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace bench;
using namespace std::chrono_literals;
using carpool::DynamicBatcher;

namespace {

std::span<int> increment(std::span<int> inputs) {
  for (int& input : inputs) ++input;
  return inputs;
}

/// The model, on a lane with a thread there.
auto increment_on(int cpu) {
  return [cpu](std::size_t) {
    run_on(cpu);
    return &increment;
  };
}

const carpool::options options{.max_batch_size = max_batch_size};

// ---- callers with plain threads

double deque_and_futures(const placement& where, int threads, int requests, int in_flight) {
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
double lock_free_queue(const placement& where, int threads, int requests, int in_flight) {
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
double carpool_threads(const placement& where, int threads, int requests, int in_flight) {
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

double carpool_futures(const placement& where, int threads, int requests, int in_flight) {
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

double post_round_trip(const placement& where, int requests, int in_flight) {
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

double by_hand_callbacks(const placement& where, int requests, int in_flight) {
  caller_context io;
  asio_batcher batcher(io, where.workers);
  return callback_chains(requests, [&](int input, auto done) { batcher.submit(input, done); })
      .run(io, in_flight);
}

double by_hand_coroutines(const placement& where, int requests, int in_flight) {
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

double carpool_coroutines(const placement& where, int requests, int in_flight) {
  caller_context io;
  DynamicBatcher<int, int> batcher(io, options, increment_on(where.workers), carpool::eager{});
  return coroutine_chains(io, requests, in_flight,
                          [&](int input) { return batcher.async_submit(input, asio::use_awaitable); });
}

carpool::options on(asio::io_context& io) {
  return {.max_batch_size = max_batch_size, .model_executor = io.get_executor()};
}

double carpool_same_context(int requests, int in_flight) {
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
double every_feature(int requests, int in_flight) {
  caller_context io;
  std::vector<asio::cancellation_signal> signals(static_cast<std::size_t>(in_flight));
  DynamicBatcher<int, int> batcher(io, on(io), &increment, carpool::size_or_timeout{});
  return callback_chains(requests,
                         [&](int input, auto done) {
                           auto slot = signals[static_cast<std::size_t>(input % in_flight)].slot();
                           batcher.async_submit(
                               input, {.deadline = 1h},
                               asio::bind_cancellation_slot(
                                   slot, [done](boost::system::error_code, int output) { done(output); }));
                         })
      .run(io, in_flight);
}

// ---- the comparison

void add_thread_callers(scoreboard& board, const placement& where, int requests, int in_flight) {
  for (const int threads : {1, 4}) {
    const std::string suffix = ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
    board.add("deque and futures" + suffix,
              [=] { return deque_and_futures(where, threads, requests, in_flight); });
#ifdef BENCH_HAS_MOODYCAMEL
    board.add("moodycamel queue" + suffix,
              [=] { return lock_free_queue(where, threads, requests, in_flight); });
#endif
    board.add("carpool" + suffix, [=] { return carpool_threads(where, threads, requests, in_flight); });
    board.add("carpool, futures" + suffix,
              [=] { return carpool_futures(where, threads, requests, in_flight); });
  }
}

void add_asio_callers(scoreboard& board, const placement& where, int requests, int in_flight) {
  board.add("post and back", [=] { return post_round_trip(where, requests, in_flight); });
  board.add("by hand, callbacks", [=] { return by_hand_callbacks(where, requests, in_flight); });
  board.add("by hand, coroutines", [=] { return by_hand_coroutines(where, requests, in_flight); });
  board.add("carpool, callbacks", [=] { return carpool_callbacks(where, requests, in_flight); });
  board.add("carpool, callbacks, adaptive",
            [=] { return carpool_callbacks<carpool::adaptive>(where, requests, in_flight); });
  board.add("carpool, coroutines", [=] { return carpool_coroutines(where, requests, in_flight); });
  board.add("carpool, same io_context", [=] { return carpool_same_context(requests, in_flight); });
}

void ask_at_saturation(scoreboard& board, bool two) {
  board.ask("carpool, 1 thread", "deque and futures, 1 thread", 5);
  board.ask("carpool, 4 threads", "deque and futures, 4 threads", 5);
  board.ask("carpool, callbacks", "post and back", two ? 4 : 2);
  board.ask("carpool, callbacks", "by hand, callbacks", two ? 6 : 3);
  board.ask("carpool, coroutines", "carpool, callbacks", 0.5);
  board.ask("carpool, coroutines", "by hand, coroutines", 4);
  board.ask("carpool, coroutines", "post and back", 1.5);
  board.ask("carpool, same io_context", "post and back", 4);
}

std::string compare(const placement& where, int in_flight, int rounds) {
  const int requests = in_flight == 1 ? 4'000 : 100'000;
  const bool two = where.callers != where.workers;
  scoreboard board(std::string(where.name) + ", " + std::to_string(in_flight) + " in flight",
                   "ns per request");
  add_thread_callers(board, where, requests, in_flight);
  add_asio_callers(board, where, requests, in_flight);
  if (in_flight == 1024) ask_at_saturation(board, two);
  if (in_flight == 32 && two) {
    board.ask("carpool, callbacks", "post and back", 1);
    board.ask("carpool, 1 thread", "deque and futures, 1 thread", 1.2);
  }
  if (in_flight == 1) {
    board.ask("carpool, callbacks", "post and back", 1 / 1.25);
    board.ask("carpool, 1 thread", "deque and futures, 1 thread", 1 / 1.1);
    board.ask("carpool, same io_context", "post and back", 5);
  }
  run_on(where.callers);
  board.run(rounds);
  return board.json();
}

std::string compare_features(int rounds) {
  scoreboard board("one thread, 64 in flight", "ns per request");
  constexpr int requests = 64 * 1600;  // no rest at the end that would wait for company
  board.add("plain", [] { return carpool_same_context(requests, 64); });
  board.add("every feature", [] { return every_feature(requests, 64); });
  board.ask("every feature", "plain", 0.5);
  board.run(rounds);
  return board.json();
}

// ---- the open loop

pacing pacing_of(const placement& where) {
  return where.callers == where.workers ? pacing::sleep : pacing::spin;
}

open_loop_cost textbook(const placement& where, int rate) {
  textbook_batcher batcher(where.workers);
  return open_loop(
      pacing_of(where), rate, 0.3, [&] { batcher.push(); }, [&] { return batcher.batches(); });
}

open_loop_cost carpool_open_loop(const placement& where, int rate) {
  run_on(where.workers);  // so that the batcher's timer is there, too
  DynamicBatcher<int, int> batcher({.max_batch_size = max_batch_size, .max_queue_delay = 1ms},
                                   increment_on(where.workers), carpool::size_or_timeout{});
  run_on(where.callers);
  return open_loop(
      pacing_of(where), rate, 0.3,
      [&] {
        batcher.async_submit(
            1, asio::bind_executor(asio::system_executor(), [](boost::system::error_code, int) {}));
      },
      [&] { return batcher.stats().batches; });
}

void compare_open_loop(const placement& where, int rounds) {
  run_on(where.callers);
  for (const int rate : {20'000, 100'000}) {
    std::vector<double> push, behind, switches;
    for (int round = 0; round < rounds; ++round) {
      const auto base = textbook(where, rate);
      const auto mine = carpool_open_loop(where, rate);
      push.push_back(mine.push_ns / base.push_ns);
      behind.push_back(mine.behind_ns / base.behind_ns);
      switches.push_back(mine.switches);
    }
    std::printf(
        "\n%s, open loop, %d requests/s %s, 64 or 1 ms, against a thread that is notified of each push\n",
        where.name, rate,
        pacing_of(where) == pacing::spin ? "evenly spaced" : "in groups of a tenth of a millisecond");
    std::printf("| | asked | median | range | |\n|---|---|---|---|---|\n");
    const auto row = [](const char* name, double most, const std::vector<double>& sample) {
      const spread value = spread_of(sample);
      std::printf("| %s | at most %.2f | %.2f | %.2f to %.2f | %s |\n", name, most, value.median, value.least,
                  value.most, value.median <= most ? "met" : "missed");
    };
    row("time of a push, ratio", 0.35, push);
    row("CPU time behind it, ratio", 0.2, behind);
    row("context switches per batch", 2.1, switches);
  }
}

void run(int argc, char** argv) {
  int rounds = 7;
  std::string json;
  bool cpu_time = false;
  arguments()
      .option("--rounds", rounds, 1)
      .option("--json", json)
      .flag("--cpu-time", cpu_time)
      .read(argc, argv);
  if (cpu_time) measured_by = CLOCK_PROCESS_CPUTIME_ID;
#ifndef BENCH_HAS_MOODYCAMEL
  std::puts(
      "without the rows of moodycamel::ConcurrentQueue: its header (libconcurrentqueue-dev) is not there");
#endif
  std::vector<placement> places{one_cpu};
  if (std::thread::hardware_concurrency() > 1) places.push_back(two_cpus);
  std::string groups;
  for (const placement& where : places)
    for (const int in_flight : {1024, 32, 1}) groups += compare(where, in_flight, rounds) + ",\n";
  groups += compare_features(rounds);
  for (const placement& where : places) compare_open_loop(where, rounds);
  if (!json.empty())
    write_file(json,
               "{\"title\": \"Cost of a request\", \"unit\": \"ns\", \"groups\": [\n" + groups + "\n]}\n");
}

}  // namespace

int main(int argc, char** argv) {
  return run_benchmark(argc, argv, usage, [&] { run(argc, argv); });
}
