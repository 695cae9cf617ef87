// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

constexpr char usage[] =
    R"(From one machine to a thousand: how many workers does a Redis carry, and what do shards add?

  bench_scale_out [--batch-ms MS] [--text-ms MS] [--max-batch-size N] [--network-us US] [--load F]
                  [--admit-us US] [--read-us US] [--pass-on-us US] [--seconds S] [--quick] [--plot FILE.svg]

Gateways, the shards of a Redis and 10 to 1000 workers run under a virtual clock; each worker has carpool's own
scheduler and default policy. A batch takes MS (4) ms and MS (0.5) ms for each of its texts; a machine is US
(100) us away from another; Redis' thread takes so many us to let a text in (7), for a worker's question for
entries (7), and to take the reply to a text and hand it to the gateway (28), about as bench_cluster measures.
First as many callers as keep everybody busy ask again and again: what they get is what can be had. Then texts
come at random, F (0.8) as many. --quick is a test with few workers: it fails if Redis or the workers, whoever
is the bottleneck, are not used up.
)";

#include "simulated_cluster.hpp"
#include "support/arguments.hpp"
#include "support/plot_lines.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace {

struct settings {
  double load = 0.8;
  double batch_ms = 4, text_ms = 0.5, network_us = 100;
  double admit_us = 7, read_us = 7, pass_on_us = 28;
  std::size_t max_batch_size = 64;
  double seconds = 1;
  bool quick = false;
  std::string plot;

  settings(int argc, char** argv) {
    bench::arguments()
        .option("--load", load, 0.01, 1.0)
        .option("--batch-ms", batch_ms, 0.0, 1e6)
        .option("--text-ms", text_ms, 0.001, 1e6)
        .option("--network-us", network_us, 0.0, 1e6)
        .option("--admit-us", admit_us, 0.1, 1e6)
        .option("--read-us", read_us, 0.1, 1e6)
        .option("--pass-on-us", pass_on_us, 0.1, 1e6)
        .option("--max-batch-size", max_batch_size, std::size_t{1}, std::size_t{4096})
        .option("--seconds", seconds, 0.1, 1000.0)
        .flag("--quick", quick)
        .option("--plot", plot)
        .read(argc, argv);
  }

  /// Texts per second that a worker does in full batches.
  [[nodiscard]] double per_worker() const {
    return static_cast<double>(max_batch_size) / (batch_ms + text_ms * static_cast<double>(max_batch_size)) *
           1e3;
  }

  [[nodiscard]] bench::redis_costs redis() const {
    return {admit_us * 1e-6, read_us * 1e-6, pass_on_us * 1e-6};
  }

  [[nodiscard]] bench::cluster_plan plan(std::size_t workers, std::size_t shards) const {
    bench::cluster_plan plan;
    plan.workers = workers;
    plan.shards = shards;
    plan.seconds = seconds;
    plan.model = {.per_batch = batch_ms * 1e-3, .per_work = text_ms * 1e-3, .spread = 0.05};
    plan.max_batch_size = max_batch_size;
    plan.redis = redis();
    plan.network = network_us * 1e-6;
    return plan;
  }
};

struct outcome {
  double most = 0;                   // texts per second
  bench::cluster_measurement usual;  // at less than that
};

outcome simulate(const settings& given, std::size_t workers, std::size_t shards) {
  outcome seen;
  auto plan = given.plan(workers, shards);
  plan.callers = 3 * given.max_batch_size * workers;  // two batches in each worker, and one that waits
  // They all ask at once at first, so a Redis is busy with them for a while before anything is as usual.
  const double rush = static_cast<double>(plan.callers) / static_cast<double>(shards) *
                      given.redis().per_text(given.max_batch_size);
  plan.seconds = std::max(given.seconds, 4 * rush);
  seen.most = bench::simulated_cluster(plan).run().answered_per_second;
  plan.seconds = given.seconds;
  plan.callers = 0;
  plan.rate = given.load * seen.most;
  seen.usual = bench::simulated_cluster(plan).run();
  return seen;
}

double milliseconds(const bench::cluster_measurement& seen, double quantile) {
  if (seen.latencies.empty()) return std::nan("");
  const auto rank = static_cast<std::size_t>(quantile * static_cast<double>(seen.latencies.size() - 1));
  return 1e3 * carpool::simulate::to_seconds(seen.latencies[rank]);
}

int run(const settings& given) {
  std::vector<std::size_t> workers{10, 20, 50, 100, 200, 500, 1000}, shards{1, 4, 16, 64};
  if (given.quick) workers = {5, 50}, shards = {1, 4};
  const double one_redis = 1 / given.redis().per_text(given.max_batch_size);
  std::printf("a worker does %.0f texts/s at most, a Redis %.0f: as many as %.0f workers\n\n",
              given.per_worker(), one_redis, one_redis / given.per_worker());
  std::printf("                                           at %g of that\n", given.load);
  std::printf("%7s %6s %10s %14s %8s %8s %10s %10s\n", "workers", "shards", "texts/s", "of the workers",
              "p50 ms", "p99 ms", "mean batch", "Redis busy");
  bench::chart chart{
      "texts that gateways, Redis and workers answer", "workers", "thousand texts per second", {}};
  bool used_up = true;
  for (const std::size_t count : shards) {
    bench::line line{std::to_string(count) + (count == 1 ? " shard" : " shards"), {}};
    for (const std::size_t size : workers) {
      const double possible = given.per_worker() * static_cast<double>(size);
      const auto [most, usual] = simulate(given, size, count);
      std::printf("%7zu %6zu %10.0f %14.3f %8.1f %8.1f %10.1f %10.2f\n", size, count, most, most / possible,
                  milliseconds(usual, 0.5), milliseconds(usual, 0.99), usual.mean_batch, usual.busiest_redis);
      line.points.emplace_back(static_cast<double>(size), 1e-3 * most);
      used_up = used_up && most > 0.9 * std::min(possible, 0.9 * one_redis * static_cast<double>(count));
    }
    chart.lines.push_back(std::move(line));
  }
  bench::line alone{"workers alone", {}};
  for (const std::size_t size : workers)
    alone.points.emplace_back(static_cast<double>(size),
                              1e-3 * given.per_worker() * static_cast<double>(size));
  chart.lines.push_back(std::move(alone));
  if (!given.plot.empty()) bench::line_plot(chart).write(given.plot);
  return given.quick && !used_up ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  return bench::run_benchmark(argc, argv, usage, [&] { return run({argc, argv}); });
}
