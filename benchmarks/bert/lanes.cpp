// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

constexpr char usage[] = R"(Many lanes of few threads, or few of many?

  bench_lanes [--model FOLDER] [--texts N] [--rounds N] [--cores N]

This is the question that carpool::bert's share_cores answers. N cores (all of them, unless told) are shared
by 1, 2, 4, ... lanes evenly, and texts are kept in flight through a DynamicBatcher. Time is wall time, so
nothing else may run on the machine.
)";

#include "support/arguments.hpp"
#include "support/clock.hpp"
#include "support/english_texts.hpp"
#include "support/scoreboard.hpp"
#include "support/text_loop.hpp"
#include <carpool/bert/bert.hpp>

#include <cstddef>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

namespace {

namespace bert = carpool::bert;

struct settings {
  std::string model = CARPOOL_MINILM;
  std::size_t texts = 512;
  int rounds = 5;
  std::size_t cores = bert::core_count();

  settings(int argc, char** argv) {
    bench::arguments()
        .option("--model", model)
        .option("--texts", texts, std::size_t{1})
        .option("--rounds", rounds, 1)
        .option("--cores", cores, std::size_t{1}, std::size_t{1024})
        .read(argc, argv);
  }
};

/// One way to share the cores, ready to run.
struct arrangement {
  std::string name;
  std::shared_ptr<bench::text_batcher> batcher;

  arrangement(const std::string& folder, std::size_t cores, std::size_t lanes)
      : name(std::to_string(lanes) + (lanes == 1 ? " lane, threads: " : " lanes, threads of each: ") +
             std::to_string(cores / lanes)) {
    const bert::embedder model{folder, {.device = "cpu", .threads = cores / lanes}};
    carpool::options options = model.batching();
    options.lanes = lanes;
    batcher = std::make_shared<bench::text_batcher>(options, model);
  }
};

void run(const settings& given) {
  std::vector<bert::tokens> texts;
  const bert::embedder model{given.model, {.device = "cpu", .threads = 1}};
  for (const std::string& text : bench::english_texts(given.texts)) texts.push_back(model.tokenize(text));
  std::vector<arrangement> arrangements;
  for (std::size_t lanes = 1; lanes <= given.cores; lanes *= 2)
    arrangements.emplace_back(given.model, given.cores, lanes);
  for (const std::size_t in_flight : {256U, 64U, 16U, 4U, 1U}) {
    bench::scoreboard board{std::to_string(in_flight) + " texts in flight", "us per text"};
    for (const arrangement& each : arrangements) {
      board.add(each.name, [&, in_flight] {
        const double start = bench::seconds(CLOCK_MONOTONIC);
        bench::text_loop{*each.batcher, texts}.run(in_flight);
        return (bench::seconds(CLOCK_MONOTONIC) - start) * 1e6 / static_cast<double>(texts.size());
      });
    }
    board.run(given.rounds);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return bench::run_benchmark(argc, argv, usage, [&] { run(settings{argc, argv}); });
}
