// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

constexpr char usage[] =
    R"(How much of the encoder's speed is left over HTTP, and does batching ever cost anything?

  bench_http_embed [--model FOLDER] [--texts N] [--rounds N] [--cpu-time]

The bound is that of bench_encoder: the bare forward pass on all texts, sorted by length, in padded batches
of 32, in this process. The real server is a process of its own, asked for one text at a time by 64, 8 or 1
clients in a closed loop, over connections that are kept. A second server runs with --max-batch-size 1.
Bound and servers are pinned to core 0, the clients to core 1; all take turns, and all embeddings are
compared before anything is timed.

Time is wall time; --cpu-time measures the CPU time of this thread for the bound and of the whole process
for a server, for a machine that is doing other things. It counts no waiting.
)";

#include "support/arguments.hpp"
#include "support/clock.hpp"
#include "support/english_texts.hpp"
#include "support/http_load.hpp"
#include "support/interleaved.hpp"
#include "support/padded_bert.hpp"
#include "support/server_process.hpp"
#include "support/text_batches.hpp"
#include <carpool/bert/bert.hpp>

#include <ATen/Parallel.h>
#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace bert = carpool::bert;
using bench::seconds;

constexpr int server_core = 0, client_core = 1;

struct settings {
  std::string model = CARPOOL_MINILM;
  std::size_t texts = 512;
  int rounds = 5;
  bool cpu_time = false;

  settings(int argc, char** argv) {
    bench::arguments()
        .option("--model", model)
        .option("--texts", texts, std::size_t{1})
        .option("--rounds", rounds, 1)
        .flag("--cpu-time", cpu_time)
        .read(argc, argv);
  }
};

/// Moves the calling thread to a core, if the machine has it.
void pin_to(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  ::sched_setaffinity(0, sizeof cores, &cores);
}

/// The real server, pinned.
class pinned_server {
 public:
  pinned_server(const settings& given, std::vector<std::string> options, std::vector<std::string> requests)
      : process_(command(given, std::move(options))), load_(process_.port(), std::move(requests)) {
    if (::clock_getcpuclockid(process_.id(), &cpu_clock_) != 0)
      throw std::runtime_error{"no CPU clock for the server"};
  }

  bench::http_load& load() { return load_; }
  clockid_t cpu_clock() const { return cpu_clock_; }

 private:
  static std::vector<std::string> command(const settings& given, std::vector<std::string> options) {
    std::vector<std::string> words{"/usr/bin/taskset", "--cpu-list", std::to_string(server_core),
                                   CARPOOL_EMBED_SERVER};
    for (const char* word : {"--port", "0", "--device", "cpu", "--threads", "1", "--model"})
      words.emplace_back(word);
    words.push_back(given.model);
    words.insert(words.end(), options.begin(), options.end());
    return words;
  }

  carpool::test::server_process process_;
  bench::http_load load_;
  clockid_t cpu_clock_{};
};

std::vector<std::string> requests_for(const std::vector<std::string>& texts) {
  std::vector<std::string> requests;
  for (const auto& text : texts) requests.push_back(bench::embed_request(text));
  return requests;
}

class program {
 public:
  explicit program(const settings& given)
      : given_(given),
        model_(given.model, {.device = "cpu", .threads = 1}),
        padded_(bench::load_padded_bert(given.model)),
        texts_(bench::english_texts(given.texts)),
        batching_(given, {}, requests_for(texts_)),
        single_(given, {"--max-batch-size", "1"}, requests_for(texts_)) {
    at::set_num_threads(1);
    for (const std::string& text : texts_) tokens_.push_back(model_.tokenize(text));
    std::printf("%s\n%zu texts; padding adds %.0f %% to sorted batches of 32\n",
                model_.device_description().c_str(), texts_.size(),
                bench::padding(bench::cut(bench::sorted(tokens_), 32)));
    check();
  }

  void run() {
    std::vector<bench::candidate> candidates{{"bound: padded, sorted, batches of 32", bound()}};
    for (const std::size_t connections : {64U, 8U, 1U}) {
      const std::string clients =
          "HTTP, " + std::to_string(connections) + (connections == 1 ? " client" : " clients");
      candidates.push_back({clients, over_http(batching_, connections)});
      candidates.push_back({clients + ", --max-batch-size 1", over_http(single_, connections)});
    }
    bench::run_interleaved(given_.cpu_time ? "CPU us per text" : "us per text", given_.rounds, candidates);
  }

 private:
  double per_text(double time) const { return time * 1e6 / static_cast<double>(texts_.size()); }

  std::function<double()> bound() {
    return [this, batches = bench::cut(bench::sorted(tokens_), 32)] {
      pin_to(server_core);
      const clockid_t clock = given_.cpu_time ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
      const double start = seconds(clock);
      for (const auto& batch : batches) padded_(batch);
      return per_text(seconds(clock) - start);
    };
  }

  std::function<double()> over_http(pinned_server& server, std::size_t connections) {
    return [this, &server, connections] {
      pin_to(client_core);
      const clockid_t clock = given_.cpu_time ? server.cpu_clock() : CLOCK_MONOTONIC;
      const double start = seconds(clock);
      server.load().run(connections);
      return per_text(seconds(clock) - start);
    };
  }

  /// All must compute the same.
  void check() {
    const auto batched = batching_.load().run(64), alone = single_.load().run(64);
    double worst = 0;
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      const at::Tensor expected = padded_(std::span(&tokens_[i], 1));
      for (const auto* answer : {&batched[i], &alone[i]})
        worst = std::max(worst, difference(*answer, {expected.const_data_ptr<float>(), model_.dimension()}));
    }
    std::printf("largest difference between their embeddings: %.1e\n\n", worst);
    if (!(worst < 1e-5)) throw std::runtime_error{"the candidates compute different things"};
  }

  /// Between an answer, {"embedding":[...]}, and what it should be.
  static double difference(std::string_view answer, std::span<const float> expected) {
    double worst = 0;
    const char* at = answer.data() + answer.find('[');
    for (const float wanted : expected) {
      float value = 0;
      const auto [end, ec] = std::from_chars(at + 1, answer.data() + answer.size(), value);
      if (ec != std::errc{}) throw std::runtime_error{"too few numbers in an answer"};
      worst = std::max(worst, std::abs(double{value} - double{wanted}));
      at = end;
    }
    return worst;
  }

  settings given_;
  bert::embedder model_;
  bench::padded_bert padded_;
  std::vector<std::string> texts_;
  std::vector<bert::tokens> tokens_;
  pinned_server batching_, single_;
};

}  // namespace

int main(int argc, char** argv) {
  return bench::run_benchmark(argc, argv, usage, [&] { program{settings{argc, argv}}.run(); });
}
