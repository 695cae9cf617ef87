// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// How good is the default policy, against the rules of other batchers, over many services and loads?
//
//   bench_scheduling [--quick] [--jobs N] [--seeds N] [--json FILE] [--plots FOLDER]
//
// Carpool's own scheduler runs under a virtual clock, with each policy in turn and the same requests for all.
// Nothing is timed: the same command prints the same figures on every machine. --quick takes a part of the
// grid, and its exit status says whether the goals are met. --json writes the scores of every cell, --plots
// draws goodput and latency over the load.

#include "../support/clock.hpp"
#include "grid.hpp"
#include "report.hpp"
#include "run_grid.hpp"
#include "summary.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace bench;

struct arguments {
  bool quick = false;
  std::size_t jobs = 1;
  std::size_t seeds = 2;
  std::string json;
  std::string plots;

  arguments(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string_view name = argv[i];
      if (name == "--quick")
        quick = true;
      else if (i + 1 == argc || !set(name, argv[++i]))
        throw std::invalid_argument("unknown argument or missing value: " + std::string(name));
    }
  }

 private:
  bool set(std::string_view name, const std::string& value) {
    if (name == "--jobs") return jobs = std::max(1UL, std::stoul(value)), true;
    if (name == "--seeds") return seeds = std::max(1UL, std::stoul(value)), true;
    if (name == "--json") return json = value, true;
    if (name == "--plots") return plots = value, true;
    return false;
  }
};

int run(const arguments& given) {
  const auto grid = make_grid(given.quick ? grid_size{1000, 20'000, 7} : grid_size{});
  const auto contenders = all_contenders();
  std::vector<std::uint64_t> seeds(given.quick ? 1 : given.seeds);
  for (std::size_t i = 0; i < seeds.size(); ++i) seeds[i] = i + 1;

  const double begin = seconds(CLOCK_MONOTONIC);
  const auto results = run_grid(grid, contenders, seeds, given.jobs);
  print_report(results, contenders);
  double events = 0;
  for (const auto& each : results)
    for (const auto& policy : each.scores) events += policy.events;
  const double took = seconds(CLOCK_MONOTONIC) - begin;
  std::fprintf(stderr, "%.0f million events in %.1f s, %.2f million a second\n", events * 1e-6, took,
               events * 1e-6 / took);
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) try { return run({argc, argv}); } catch (const std::exception& failure) {
  std::fprintf(stderr, "bench_scheduling: %s\n", failure.what());
  return EXIT_FAILURE;
}
