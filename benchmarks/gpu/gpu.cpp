// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

constexpr char usage[] = R"(How fast and how exact is carpool::bert on a GPU?

  bench_gpu [--model FOLDER] [--large FOLDER] [--texts FILE] [--seconds N] [--toy]

Prints a line of JSON per figure and what it is doing on the other stream. --model is all-MiniLM-L6-v2,
--large another model, such as random_bert.py makes, that goes through the same. --texts writes the texts of
the loops, a line each, for others to embed. --seconds is how long measuring may take, besides preparing it.
--toy runs everything with small sizes, also on the CPU where there is no CUDA, to show that it runs. gpu.sh
adds the baselines in Python and makes tables and plots of it.
)";

#include "ceilings.hpp"
#include "checks.hpp"
#include "encoder_sweep.hpp"
#include "end_to_end.hpp"
#include "invariance.hpp"
#include "report.hpp"
#include "subject.hpp"
#include "support/arguments.hpp"
#include "support/english_texts.hpp"
#include "support/write_file.hpp"
#include "tf32.hpp"
#include <carpool/bert/nvml.hpp>

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace bert = carpool::bert;
using bench::attempt;
using bench::json_line;
using bench::subject;

struct settings {
  std::filesystem::path model = CARPOOL_MINILM;
  std::filesystem::path large;
  std::filesystem::path texts;
  double seconds = 240;
  bool toy = false;

  settings(int argc, char** argv) {
    bench::arguments()
        .option("--model", model)
        .option("--large", large)
        .option("--texts", texts)
        .option("--seconds", seconds, 1.0, 3600.0)
        .flag("--toy", toy)
        .read(argc, argv);
  }
};

class gpu_bench {
 public:
  explicit gpu_bench(const settings& given)
      : given_(given),
        device_(bert::choose_devices("auto").front()),
        texts_(bench::english_texts(given.toy ? 20 : 4096)) {
    if (device_.is_cpu() && !given.toy)
      throw std::runtime_error("there is no CUDA device: " + bert::find_cuda().why_not);
    if (device_.is_cpu()) at::set_num_threads(1);
    if (given.texts.empty()) return;
    std::string lines;
    for (const std::string& text : texts_) lines += text + '\n';
    bench::write_file(given.texts, lines);
  }

  void run() const {
    measure("all-MiniLM-L6-v2", given_.model, true);
    if (!given_.large.empty()) measure(given_.large.filename().string(), given_.large, false);
  }

 private:
  /// What part of the time a step gets. The rest is for preparing models, lanes and graphs.
  double share(double part) const { return part * given_.seconds / (given_.large.empty() ? 1 : 2); }

  void measure(const std::string& name, const std::filesystem::path& folder, bool first) const {
    const double start = bench::seconds(CLOCK_MONOTONIC);
    const subject model(name, folder, device_);
    describe(model, start);
    const bench::ceilings ceilings(model.target(), given_.toy, share(0.07));
    attempt("ceilings", [&] {
      if (first) ceilings.device();
      ceilings.encoder(model.name(), model.config(bench::activation::gelu));
    });
    const bench::checks checks(model, given_.toy);
    attempt("correctness", [&] { checks.correctness(first); });
    const std::vector<bert::tokens> arriving = model.tokenize(texts_);
    const std::vector<bert::tokens> batch = bench::first_texts(arriving, bench::full_batch(given_.toy));
    attempt("invariance", [&] {
      std::vector<bert::tokens> compared = checks.texts();
      compared.resize(std::min<std::size_t>(compared.size(), 64));
      bench::invariance(model, std::move(compared), batch).measure(share(0.02));
    });
    attempt("tf32", [&] { bench::measure_tf32(model, batch, share(0.02)); });
    attempt("encoder", [&] { bench::encoder_sweep(model, arriving, given_.toy).measure(share(0.24)); });
    attempt("end to end", [&] { bench::loops(model, texts_, given_.toy, share(0.53)).measure(); });
    attempt("tokenizer", [&] { tokenizer(model); });
    attempt("out of memory", [&] { checks.out_of_memory(); });
    if (!first) return;
    attempt("fused gelu", [&] { checks.fused_gelu(); });
    attempt("bad text", [&] { checks.bad_text(); });
    attempt("telemetry", [&] { telemetry(model); });
  }

  void describe(const subject& model, double start) const {
    const bert::model_config config = model.config(bench::activation::gelu);
    const std::string text = texts_.front();
    bert::lane lane = model.model()(0);
    lane.model(lane.collate(std::span(&text, 1)));
    json_line("model")
        .add("model", model.name())
        .add("device", model.model().device_description())
        .add("cores", std::thread::hardware_concurrency())
        .add("layers", config.layers)
        .add("hidden", config.hidden_size)
        .add("inner", config.intermediate_size)
        .add("heads", config.heads)
        .add("seconds_to_first_embedding", bench::seconds(CLOCK_MONOTONIC) - start)
        .print();
  }

  /// One thread.
  void tokenizer(const subject& model) const {
    std::size_t tokens = 0;
    for (const auto& text : model.tokenize(texts_)) tokens += text.size();
    const double time = bench::time_of(device_, share(0.005), [&](std::size_t) { model.tokenize(texts_); });
    json_line("tokenizer")
        .add("side", "carpool")
        .add("tokens_per_second", static_cast<double>(tokens) / time)
        .print();
  }

  static void telemetry(const subject& model) {
    const auto found = model.model().telemetry();
    if (found.empty()) return json_line("telemetry").add("skipped", "there is no GPU, or no NVML").print();
    const auto sample = found.front().second->sample();
    json_line("telemetry")
        .add("memory_used_gib", static_cast<double>(sample.memory_used.value_or(0)) / (1 << 30))
        .add("temperature", sample.temperature.value_or(0))
        .add("power", sample.power.value_or(0))
        .print();
  }

  settings given_;
  c10::Device device_;
  std::vector<std::string> texts_;
};

}  // namespace

int main(int argc, char** argv) {
  return bench::run_benchmark(argc, argv, usage, [&] { gpu_bench(settings(argc, argv)).run(); });
}
