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
#include "support/hand_made_batchers.hpp"
#include "support/open_loop.hpp"
#include "support/overhead_sides.hpp"
#include "support/placement.hpp"
#include "support/scoreboard.hpp"
#include "support/write_file.hpp"
#include <carpool/carpool.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/system_executor.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

using namespace bench;
using namespace std::chrono_literals;

namespace {

// ---- closed loops

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
