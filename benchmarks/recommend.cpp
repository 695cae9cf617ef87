// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

constexpr char usage[] = R"(Which options meet a deadline or a 99th percentile of the latency?

  bench_recommend --p99 MS | --deadline MS  [--trace FILE] [--rate R] [--costs A,B[,G]]
                  [--lanes N] [--max-batch-size N] [--padded] [--plot FILE.svg]

The policies of the library serve the same requests under a virtual clock, on 1 to N lanes. What must be
known comes from a recording (trace_recorder::write_recording writes one, and
include/carpool/simulate/recorded_trace.hpp has the format), or from what a running batcher has learnt (its
forecast): R requests per second, A ms per batch, B ms per unit of work, and interference G (0: independent
lanes, 1: one device). Both can be given; --rate and --costs then win, and the requests have recorded works.
The marked row is recommended. --plot draws how the 99th percentile grows with the traffic.
)";

#include "support/arguments.hpp"
#include "support/plot_lines.hpp"
#include "support/progress.hpp"
#include <carpool/simulate/calibration.hpp>
#include <carpool/simulate/recommendation.hpp>
#include <carpool/simulate/recorded_trace.hpp>
#include <carpool/simulate/traffic.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace simulate = carpool::simulate;
using simulate::assessment;

double milliseconds(carpool::duration time) { return 1e3 * simulate::to_seconds(time); }

struct settings {
  simulate::target wanted;
  std::string trace;
  double rate = 0;
  std::optional<simulate::lane_model> costs;
  std::size_t lanes = 4;
  std::size_t max_batch_size = 64;
  bool padded = false;
  std::string plot;

  settings(int argc, char** argv) {
    std::string numbers;
    double p99 = 0, deadline = 0;
    bench::arguments()
        .option("--p99", p99, 0.001, 1e9)
        .option("--deadline", deadline, 0.001, 1e9)
        .option("--trace", trace)
        .option("--rate", rate, 0.001, 1e9)
        .option("--costs", numbers)
        .option("--lanes", lanes, std::size_t{1}, std::size_t{1024})
        .option("--max-batch-size", max_batch_size, std::size_t{1}, std::size_t{1'000'000})
        .option("--plot", plot)
        .flag("--padded", padded)
        .read(argc, argv);
    if (p99 > 0) wanted.p99 = simulate::from_seconds(1e-3 * p99);
    if (deadline > 0) wanted.deadline = simulate::from_seconds(1e-3 * deadline);
    if (!numbers.empty()) costs = parse_costs(numbers);
    if (p99 == 0 && deadline == 0) throw bench::wrong_argument("--p99 MS or --deadline MS is needed");
    if (trace.empty() && (rate == 0 || !costs))
      throw bench::wrong_argument("--trace FILE is needed, or both --rate and --costs");
  }

 private:
  static simulate::lane_model parse_costs(const std::string& text) {
    double a = 0, b = 0, g = 0;
    int read = 0;
    const int found = std::sscanf(text.c_str(), "%lf,%lf%n,%lf%n", &a, &b, &read, &g, &read);
    if (found < 2 || static_cast<std::size_t>(read) != text.size() ||
        !(a >= 0 && b >= 0 && g >= 0 && std::isfinite(a + b + g)))
      throw bench::wrong_argument("--costs is \"" + text + "\"; it must be A,B or A,B,G, none below 0");
    carpool::forecast learnt;
    learnt.batch_cost = carpool::forecast::milliseconds{a};
    learnt.work_cost = carpool::forecast::milliseconds{b};
    learnt.interference = g;
    return simulate::model_of(learnt);
  }
};

/// `most`, half of it and so on, down to `least`. The largest comes first, and of equals the first is taken:
/// a bound that does no harm may be wide.
std::vector<std::size_t> halving(std::size_t most, std::size_t least) {
  std::vector<std::size_t> steps{most};
  while (steps.back() / 2 >= least) steps.push_back(steps.back() / 2);
  return steps;
}

simulate::recorded_trace load(const settings& given) {
  simulate::recorded_trace known;
  if (!given.trace.empty()) {
    std::ifstream in(given.trace);
    if (!in) throw std::runtime_error("cannot read " + given.trace);
    known = simulate::read_trace(in);
  }
  if (given.rate > 0) {
    auto requests =
        simulate::poisson(given.rate, carpool::time_point{} + simulate::from_seconds(50'000 / given.rate), 1);
    if (!known.requests.empty()) simulate::draw_works(requests, known.requests, 2);
    known.requests = std::move(requests);
  }
  if (known.requests.empty()) throw std::runtime_error("no requests are recorded; give --rate");
  if (!given.costs && known.batches.size() < 3)
    throw std::runtime_error("fewer than three batches are recorded; give --costs");
  return known;
}

/// Of each policy with each number of lanes, whatever delay and size are best for it.
std::vector<assessment> assess_all(std::span<const simulate::proposal> proposals,
                                   const simulate::workload& load, const simulate::target& wanted) {
  const auto policy = [](const simulate::proposal& p) { return p.policy.substr(0, p.policy.find('{')); };
  std::vector<assessment> rows;
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    bench::show_progress("proposal", i + 1, proposals.size());
    auto seen = simulate::assess(proposals[i], load, wanted);
    const auto rival = std::find_if(rows.begin(), rows.end(), [&](const assessment& row) {
      return row.options.lanes == proposals[i].lanes && policy(row.options) == policy(proposals[i]);
    });
    if (rival == rows.end())
      rows.push_back(std::move(seen));
    else if (simulate::is_preferred(seen, *rival))
      *rival = std::move(seen);
  }
  return rows;
}

void print_load(const simulate::workload& load) {
  const double length = simulate::to_seconds(load.requests.back().at - carpool::time_point{});
  const double count = static_cast<double>(load.requests.size());
  std::printf(
      "%.0f requests, %.1f a second; a batch takes %.3f ms and %.4f ms per unit of work, +- %.1f %%; ", count,
      length > 0 ? count / length : 0.0, 1e3 * load.model.per_batch, 1e3 * load.model.per_work,
      100 * load.model.spread);
  if (load.model.device_speed < 1e9)
    std::printf("lanes share a device that is %.2f times as fast with several batches\n",
                load.model.device_speed);
  else
    std::printf("lanes do not disturb each other\n");
  if (count < 2000) std::printf("so few requests do not tell much about a 99th percentile\n");
}

void print_table(std::span<const assessment> rows, std::size_t chosen) {
  std::printf("\n  %5s %14s  %-26s %8s %8s %8s %8s %8s %5s\n", "lanes", "max_batch_size", "policy", "mean ms",
              "p50 ms", "p99 ms", "goodput", "mean n", "busy");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    std::printf("%c %5zu %14zu  %-26s %8.2f %8.2f %8.2f %8.4f %8.2f %4.0f%%%s\n", i == chosen ? '*' : ' ',
                row.options.lanes, row.options.max_batch_size, row.options.policy.c_str(),
                milliseconds(row.mean), milliseconds(row.p50), milliseconds(row.p99), row.goodput,
                row.mean_batch_size, 100 * row.utilisation, row.meets_target ? "" : "  misses");
  }
}

void print_reason(const assessment& row, const simulate::target& wanted) {
  const auto limit = [](carpool::duration time) {
    char text[32];
    std::snprintf(text, sizeof text, "%g ms", milliseconds(time));
    return std::string(text);
  };
  std::string aim = "99 % of the requests are answered";
  if (wanted.p99 < carpool::duration::max()) aim += " within " + limit(wanted.p99);
  if (wanted.deadline < carpool::duration::max())
    aim += " before their deadline of " + limit(wanted.deadline);
  std::printf("\n%s, {.max_batch_size = %zu, .lanes = %zu}: ", row.options.policy.c_str(),
              row.options.max_batch_size, row.options.lanes);
  if (row.meets_target)
    std::printf("the fewest lanes with which %s, and the lowest mean latency with these, within 2 %%.\n",
                aim.c_str());
  else
    std::printf("the closest; with none of the options %s.\n", aim.c_str());
}

simulate::trace faster(std::span<const simulate::arrival> requests, double factor) {
  simulate::trace scaled(requests.begin(), requests.end());
  for (auto& each : scaled)
    each.at = carpool::time_point{} +
              simulate::from_seconds(simulate::to_seconds(each.at - carpool::time_point{}) / factor);
  return scaled;
}

/// The recommended lanes and size under less and more traffic.
void draw(const std::string& path, const assessment& chosen, simulate::workload load,
          const simulate::target& wanted) {
  const std::size_t lanes[] = {chosen.options.lanes}, sizes[] = {chosen.options.max_batch_size};
  std::vector<bench::line> lines;
  for (const auto& each : simulate::usual_proposals(lanes, sizes)) {
    bench::line drawn{each.policy, {}, each.policy == chosen.options.policy};
    for (int i = 1; i <= 20; ++i) {
      const double traffic = 0.2 * i;
      const auto requests = faster(load.requests, traffic);
      simulate::workload scaled = load;
      scaled.requests = requests;
      drawn.points.emplace_back(traffic, milliseconds(simulate::assess(each, scaled, wanted).p99));
    }
    lines.push_back(std::move(drawn));
  }
  const double aim = milliseconds(std::min(wanted.p99, wanted.deadline));
  bench::line_plot({std::to_string(lanes[0]) + (lanes[0] == 1 ? " lane" : " lanes") + ", max_batch_size " +
                        std::to_string(sizes[0]),
                    "traffic, 1: as now", "99th percentile of the latency in ms, of those answered", lines,
                    3 * aim})
      .write(path);
}

int run(const settings& given) {
  const auto known = load(given);
  const simulate::workload load{.requests = known.requests,
                                .model = given.costs ? *given.costs : simulate::fit(known.batches),
                                .work = given.padded ? &carpool::padded_work : &carpool::total_work};
  print_load(load);
  auto lanes = halving(given.lanes, 1);
  std::reverse(lanes.begin(), lanes.end());
  const auto proposals = simulate::usual_proposals(lanes, halving(given.max_batch_size, 4));
  const auto rows = assess_all(proposals, load, given.wanted);
  const std::size_t chosen = simulate::recommend(rows);
  print_table(rows, chosen);
  print_reason(rows[chosen], given.wanted);
  if (!given.plot.empty()) draw(given.plot, rows[chosen], load, given.wanted);
  return rows[chosen].meets_target ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  return bench::run_benchmark(argc, argv, usage, [&] { return run({argc, argv}); });
}
