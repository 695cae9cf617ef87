// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

constexpr char usage[] = R"(What does the queue between gateways and workers cost?

  bench_cluster [--rounds N] [--requests M]

Four tables, each from one run in which the sides take turns, N (5) rounds. A gateway's end of the queue is in
this process; workers are processes around a model that returns at once, or sleeps. Redis, started for this, has
its append-only file with appendfsync everysec.

- One request at a time: the median of M (2000) round trips, against a bare XADD, XREADGROUP, XADD and XREAD
  between two threads with the same client library. The goal is at most 1.5 times as long. Once with the model
  on the worker's thread that talks to Redis, and once on a lane with a thread of its own, as real models run.
- 256 requests at a time, 10 M of them: against the same commands from two threads that do nothing else.
  The goal is at least half as fast.
- 1 to 8 workers whose model takes 40 ms for a batch of up to 32, and as many requests as keep them busy. The
  goal is that each does at least 0.9 times as much as a single one.
- What a request costs the thread on which Redis runs its commands, of which there is one: 10 M requests are let
  in while the only worker is stopped, which then goes on. bench_scale_out calculates with this.
)";

#include "bare_commands.hpp"
#include "cluster/text_reply.hpp"
#include "cluster/text_request.hpp"
#include "raw_round_trip.hpp"
#include "real_cluster.hpp"
#include "support/arguments.hpp"
#include "support/redis_server.hpp"
#include "support/scoreboard.hpp"

#include <cstddef>
#include <string>

namespace {

using carpool::test::redis_server;

std::string some_request() { return encode(cluster::text_request{.text = "share the ride"}); }

std::string some_reply() {
  cluster::text_result result;
  result.values.assign(4, 1.0F);
  return encode(cluster::text_reply{result});
}

void compare_hops(const redis_server& redis, int rounds, std::size_t requests) {
  bench::scoreboard board{"One request at a time", "us"};
  bench::raw_round_trip bare{{.unix_socket = redis.socket()}, some_request(), some_reply()};
  bench::real_cluster one_thread{redis, "hops", 1, 0, {"--no-lane"}};
  bench::real_cluster with_lane{redis, "lane", 1, 0};
  board.add("bare round trip", [&] { return bare.measure(requests); });
  board.add("gateway, queue, worker, and back", [&] { return one_thread.hop(requests); });
  board.add("the same with a lane", [&] { return with_lane.hop(requests); });
  board.ask("gateway, queue, worker, and back", "bare round trip", 1 / 1.5);
  board.ask("the same with a lane", "bare round trip", 1 / 1.5);
  board.run(rounds);
}

void compare_rates(const redis_server& redis, int rounds, std::size_t requests) {
  constexpr std::size_t in_flight = 256;
  const auto each = [&](double seconds) { return 1e6 * seconds / static_cast<double>(requests); };
  bench::scoreboard board{"256 requests at a time", "us per request"};
  bench::bare_commands bare{{.unix_socket = redis.socket()}, some_request(), some_reply()};
  bench::real_cluster real{redis, "rates", 1, 0};
  board.add("bare commands, pipelined", [&] { return each(bare.measure(requests, in_flight)); });
  board.add("gateway and worker", [&] { return each(real.run(requests, in_flight)); });
  board.ask("gateway and worker", "bare commands, pipelined", 0.5);
  board.run(rounds);
}

void scale(const redis_server& redis, int rounds) {
  bench::scoreboard board{"Workers that need 40 ms for a batch of 32", "us of one worker per request"};
  int number = 0;
  for (const std::size_t workers : {1U, 2U, 4U, 8U}) {
    const std::string name = std::to_string(workers) + (workers == 1 ? " worker" : " workers");
    board.add(name, [&redis, &number, workers] {
      bench::real_cluster real{redis, "scale" + std::to_string(++number), workers, 40};
      const std::size_t batches = 50, requests = batches * workers * real.max_batch_size;
      const double seconds = real.run(requests, 3 * workers * real.max_batch_size);
      return 1e6 * seconds * static_cast<double>(workers) / static_cast<double>(requests);
    });
    if (workers > 1) board.ask(name, "1 worker", 0.9);
  }
  board.run(rounds);
}

void weigh(const redis_server& redis, int rounds, std::size_t requests) {
  bench::scoreboard board{"Time of Redis' thread", "us per request"};
  bench::real_cluster real{redis, "weight", 1, 0};
  bench::real_cluster::redis_time last{};  // of which the rows, which take turns, have a part each
  board.add("to let it in", [&] {
    last = real.weigh(requests);
    return 1e6 * last.admission;
  });
  board.add("to hand it out and pass on its reply", [&] { return 1e6 * last.rest; });
  board.run(rounds);
}

}  // namespace

int main(int argc, char** argv) {
  return bench::run_benchmark(argc, argv, usage, [&] {
    int rounds = 5;
    std::size_t requests = 2000;
    bench::arguments()
        .option("--rounds", rounds, 1)
        .option("--requests", requests, std::size_t{1})
        .read(argc, argv);
    const redis_server redis{{"--appendfsync", "everysec"}};
    compare_hops(redis, rounds, requests);
    compare_rates(redis, rounds, 10 * requests);
    scale(redis, rounds);
    weigh(redis, rounds, 10 * requests);
  });
}
