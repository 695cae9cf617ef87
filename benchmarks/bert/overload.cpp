// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

constexpr char usage[] =
    R"(What does the server still do when it is asked for three times as much as it can do?

  bench_overload [--model FOLDER] [--times X] [--seconds S] [--rounds N] [--queue N]

In each round, two phases of S seconds take turns: capacity, the most that 64 clients get in a closed loop; and
overload, an open loop with X times as many requests per second, at random. Meanwhile somebody asks for
/health and /metrics, one after the other. The real server, with room for N waiting texts, is pinned to core
0, the clients to core 1. Latencies count from when a request was due.

What is judged, by the median of the rounds: answers per second under overload, which must be 90 % of the
capacity; how long a refusal takes, 99 % of them at most 5 ms; and /health and /metrics, 99 % at most 50 ms.
The exit status is 0 if all of it holds.
)";

#include "support/arguments.hpp"
#include "support/clock.hpp"
#include "support/english_texts.hpp"
#include "support/http_client.hpp"
#include "support/http_load.hpp"
#include "support/open_http_load.hpp"
#include "support/placement.hpp"
#include "support/server_process.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using bench::latency_histogram;

constexpr int server_core = 0, client_core = 1;

struct settings {
  std::string model = CARPOOL_MINILM;
  double times = 3, seconds = 10;
  int rounds = 3;
  std::size_t queue = 256;

  settings(int argc, char** argv) {
    bench::arguments()
        .option("--model", model)
        .option("--times", times, 1.0)
        .option("--seconds", seconds, 1.0)
        .option("--rounds", rounds, 1)
        .option("--queue", queue, std::size_t{1})
        .read(argc, argv);
  }
};

/// Asks for what must be answered whatever else is going on, as long as it lives.
class watcher {
 public:
  explicit watcher(std::uint16_t port) : thread_([this, port] { watch(port); }) {}
  ~watcher() { stop(); }
  watcher(const watcher&) = delete;
  watcher& operator=(const watcher&) = delete;

  /// How long the answers took, in microseconds.
  const latency_histogram& stop() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
    return took_;
  }

  /// Answers other than 200, after stop().
  std::size_t failures() const { return failures_; }

 private:
  void watch(std::uint16_t port) {
    carpool::test::http_client client(port);
    while (!stopped_) {
      for (const char* path : {"/health", "/metrics"}) {
        const double begin = bench::seconds(CLOCK_MONOTONIC);
        if (client.ask(carpool::test::get(path)).status != 200) ++failures_;
        took_.record(static_cast<std::uint64_t>(1e6 * (bench::seconds(CLOCK_MONOTONIC) - begin)));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  std::atomic<bool> stopped_ = false;
  std::size_t failures_ = 0;
  latency_histogram took_;
  std::thread thread_;
};

struct round {
  double capacity = 0, goodput = 0;  // answers per second
  double refusal = 0, watching = 0;  // 99th percentiles, ms
  double answer = 0, late = 0;       // 99th percentile of good answers, the load's own worst delay, ms
  std::size_t refused = 0, lost = 0;
  std::size_t failures = 0;  // of /health and /metrics
};

class program {
 public:
  explicit program(const settings& given)
      : given_(given),
        texts_(bench::english_texts(2048)),
        process_(command(given)),
        port_(process_.port()),
        closed_(port_, requests()) {
    bench::run_on(client_core);
    closed_.run(64);  // warms up
  }

  int run() {
    std::puts(
        "| capacity/s | goodput/s | share | answers p99 ms | refusals p99 | /health, /metrics p99 | refused "
        "| lost "
        "| sent late, at most, ms |\n|---|---|---|---|---|---|---|---|---|");
    std::vector<round> rounds;
    for (int i = 0; i < given_.rounds; ++i) {
      rounds.push_back(measure(i));
      const round& r = rounds.back();
      std::printf("| %.0f | %.0f | %.3f | %.1f | %.2f | %.2f | %zu | %zu | %.2f |\n", r.capacity, r.goodput,
                  r.goodput / r.capacity, r.answer, r.refusal, r.watching, r.refused, r.lost, r.late);
      std::fflush(stdout);
    }
    return judge(rounds);
  }

 private:
  static std::vector<std::string> command(const settings& given) {
    return {"/usr/bin/taskset",
            "--cpu-list",
            std::to_string(server_core),
            CARPOOL_EMBED_SERVER,
            "--port",
            "0",
            "--device",
            "cpu",
            "--threads",
            "1",
            "--model",
            given.model,
            "--max-queue-size",
            std::to_string(given.queue),
            "--log-level",
            "warn"};
  }

  std::vector<std::string> requests() const {
    std::vector<std::string> all;
    for (const auto& text : texts_) all.push_back(bench::embed_request(text));
    return all;
  }

  double capacity() {
    const double begin = bench::seconds(CLOCK_MONOTONIC);
    std::size_t answered = 0;
    double lasted = 0;
    while (lasted < given_.seconds) {
      answered += closed_.run(64).size();
      lasted = bench::seconds(CLOCK_MONOTONIC) - begin;
    }
    return static_cast<double>(answered) / lasted;
  }

  std::vector<bench::timed_request> overload(double rate, int seed) const {
    std::mt19937 random(static_cast<std::uint32_t>(seed));
    std::exponential_distribution<double> pause(rate);
    std::vector<bench::timed_request> requests;
    for (double at = pause(random); at < given_.seconds; at += pause(random))
      requests.push_back({std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * at)),
                          R"({"text":")" + texts_[requests.size() % texts_.size()] + R"("})"});
    return requests;
  }

  round measure(int number) {
    round result{.capacity = capacity()};
    const auto requests = overload(given_.times * result.capacity, number);
    watcher watching(port_);
    bench::open_http_load load({boost::asio::ip::address_v4::loopback(), port_}, {.most_connections = 900});
    const auto got = load.run(requests, [](std::size_t) {});
    const auto milliseconds = [](const latency_histogram& times) {
      return static_cast<double>(times.quantile(0.99)) / 1e3;
    };
    result.watching = milliseconds(watching.stop());
    result.failures = watching.failures();
    result.goodput =
        static_cast<double>(got.answered.count()) / std::chrono::duration<double>(got.lasted).count();
    result.answer = milliseconds(got.answered);
    result.refusal = milliseconds(got.refused);
    result.refused = got.refused.count();
    result.lost = got.lost;
    result.late = std::chrono::duration<double, std::milli>(got.latest_start).count();
    return result;
  }

  template <class Figure>
  static double median(std::vector<round> rounds, Figure figure) {
    std::ranges::sort(rounds, {}, figure);
    return figure(rounds[rounds.size() / 2]);
  }

  static bool holds(bool good, const char* what, double figure, const char* bound) {
    std::printf("%s: %s is %.3g, and must be %s\n", good ? "holds" : "FAILS", what, figure, bound);
    return good;
  }

  static int judge(const std::vector<round>& rounds) {
    const double share = median(rounds, [](const round& r) { return r.goodput / r.capacity; });
    const double refusal = median(rounds, [](const round& r) { return r.refusal; });
    const double watching = median(rounds, [](const round& r) { return r.watching; });
    std::size_t lost = 0, refused = 0, failures = 0;
    for (const round& r : rounds) lost += r.lost;
    for (const round& r : rounds) refused += r.refused;
    for (const round& r : rounds) failures += r.failures;
    const bool all[] = {
        holds(share >= 0.9, "goodput, as a share of the capacity,", share, "0.9 or more"),
        holds(refused > 0, "refusals, without which there was no overload,", static_cast<double>(refused),
              "more than 0; take more --seconds or less --queue"),
        holds(refusal <= 5, "p99 of refusals, in ms,", refusal, "5 or less"),
        holds(watching <= 50, "p99 of /health and /metrics, in ms,", watching, "50 or less"),
        holds(failures == 0, "answers of /health and /metrics other than 200", static_cast<double>(failures),
              "0"),
        holds(lost == 0, "requests without an answer", static_cast<double>(lost), "0")};
    return std::ranges::find(all, false) == std::end(all) ? EXIT_SUCCESS : EXIT_FAILURE;
  }

  settings given_;
  std::vector<std::string> texts_;
  carpool::test::server_process process_;
  std::uint16_t port_;
  bench::http_load closed_;
};

}  // namespace

int main(int argc, char** argv) {
  return bench::run_benchmark(argc, argv, usage, [&] { return program{settings{argc, argv}}.run(); });
}
