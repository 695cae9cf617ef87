// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

constexpr char usage[] = R"(How good is the default policy, against the rules of other batchers?

  bench_scheduling [--quick] [--jobs N] [--seeds N] [--json FILE] [--plots FOLDER]

Over many services and loads, carpool's own scheduler runs under a virtual clock, with each policy in turn and
the same requests for all. Nothing is timed: the same command prints the same figures on every machine. The
exit status says whether adaptive meets its goals; --quick takes a part of the grid and one seed, in seconds.
--json writes the scores of every cell, --plots draws goodput and latency over the load.
)";

#include "../support/arguments.hpp"
#include "../support/clock.hpp"
#include "bounds.hpp"
#include "grid.hpp"
#include "json.hpp"
#include "report.hpp"
#include "run_grid.hpp"
#include "scenarios.hpp"
#include "sweep.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace bench;

struct settings {
  bool quick = false;
  std::size_t jobs = 1;
  std::size_t seeds = 2;
  std::string json;
  std::string plots;

  settings(int argc, char** argv) {
    arguments()
        .flag("--quick", quick)
        .option("--jobs", jobs, std::size_t{1}, std::size_t{1024})
        .option("--seeds", seeds, std::size_t{1})
        .option("--json", json)
        .option("--plots", plots)
        .read(argc, argv);
  }
};

std::vector<std::uint64_t> first_seeds(std::size_t count) {
  std::vector<std::uint64_t> seeds(count);
  std::iota(seeds.begin(), seeds.end(), std::uint64_t{1});
  return seeds;
}

void print_speed(std::span<const cell_result> results, double took) {
  double events = 0;
  for (const auto& each : results)
    for (const auto& policy : each.scores) events += policy.events;
  std::fprintf(stderr, "%.0f million events in %.0f s of CPU time\n", events * 1e-6, took);
}

int run(const settings& given) {
  const auto contenders = all_contenders();
  const auto seeds = first_seeds(given.quick ? 1 : given.seeds);
  const auto grid = make_grid(given.quick ? grid_size{3000, 20'000, 13} : grid_size{});
  std::printf("%zu cells, %zu policies, seeds 1 to %zu\n", grid.size(), contenders.size(), seeds.size());

  const double begin = seconds(CLOCK_PROCESS_CPUTIME_ID);
  const auto results = run_grid(grid, contenders, seeds, given.jobs);
  print_speed(results, seconds(CLOCK_PROCESS_CPUTIME_ID) - begin);
  const bool met = report(results, contenders, goals{});
  if (!given.json.empty()) write_json(given.json, results, contenders);

  print_bounds(contenders, given.quick ? 500 : 3000, given.jobs);
  print_closed_loops(contenders, given.quick ? 2 : 20);
  print_changes(contenders);
  print_lengths(contenders);
  if (!given.plots.empty()) draw_sweeps(given.plots, contenders, seeds, given.jobs);
  if (!met) std::printf("\nNOT all goals are met\n");
  return met ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  return bench::run_benchmark(argc, argv, usage, [&] { return run({argc, argv}); });
}
