// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

constexpr char usage[] = R"(How fast is carpool's packed encoder on one CPU core, in each precision?

  bench_encoder [--model FOLDER] [--texts N] [--rounds N] [--cpu-time] [--python PYTHON] [--only WORDS]
                [--json FILE]

It is measured alone and behind DynamicBatcher. The bound that everything is compared with is the bare forward
pass on the same libtorch with everything in its favour: all texts known beforehand, sorted by length, in
padded batches of 32. carpool's batches are cut from the texts as they arrive, as a server has to. The floor
is the time that the matrix products alone would take at the speed of a big one, in fp32. All candidates run
in turn on one intra-op thread, and must give the same embeddings before anything is timed; how far those of
bf16 and int8 are from fp32 is printed.

Time is wall time; --cpu-time measures CPU time instead, for a machine that is doing other things, which
counts all threads but no waiting. PYTHON, if given, has some of the packages `transformers`,
`sentence-transformers`, `onnxruntime` and `onnx`, which then join in, as torch.compile does, sorted like the
bound. --only leaves out candidates whose name has none of the words, which "|" separates; bound and floor
always run. --json writes what support/plot_bars.py draws.
)";

#include "support/arguments.hpp"
#include "support/clock.hpp"
#include "support/encoder_operations.hpp"
#include "support/encoder_peers.hpp"
#include "support/english_texts.hpp"
#include "support/packed_contender.hpp"
#include "support/padded_bert.hpp"
#include "support/scoreboard.hpp"
#include "support/text_batches.hpp"
#include "support/text_loop.hpp"
#include "support/write_file.hpp"
#include <carpool/bert/bert.hpp>
#include <carpool/carpool.hpp>

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace bert = carpool::bert;

using bench::cut;
using bench::padding;
using bench::seconds;
using bench::sorted;

struct settings {
  std::string model = CARPOOL_MINILM;
  std::string python;
  std::string only;
  std::string json;
  std::size_t texts = 1024;
  int rounds = 3;
  clockid_t clock = CLOCK_MONOTONIC;

  settings(int argc, char** argv) {
    bool cpu_time = false;
    bench::arguments()
        .option("--model", model)
        .option("--python", python)
        .option("--only", only)
        .option("--json", json)
        .option("--texts", texts, std::size_t{1})
        .option("--rounds", rounds, 1)
        .flag("--cpu-time", cpu_time)
        .read(argc, argv);
    if (cpu_time) clock = CLOCK_PROCESS_CPUTIME_ID;
  }
};

class program {
 public:
  explicit program(const settings& given)
      : given_(given),
        texts_(bench::english_texts(given.texts)),
        padded_(bench::load_padded_bert(given.model)),
        board_("one core, one thread", given.clock == CLOCK_MONOTONIC ? "us per text" : "CPU us per text") {
    at::set_num_threads(1);
    add_contender({}, "fp32", 1);
    add_contender({.invariant = true}, "fp32 invariant", 0.8);
    const bert::cpu_features cpu = bert::find_cpu_features();
    add_contender({.precision = bert::precision::bf16}, "bf16", 1.6);
    add_contender({.precision = bert::precision::int8}, "int8", cpu.vnni ? 2 : 1);
    for (const std::string& text : texts_) tokens_.push_back(model().tokenize(text));
    for (const auto& text : tokens_) token_count_ += text.size();
    std::printf("%s%s%s\n", model().device_description().c_str(), cpu.vnni ? ", AVX512-VNNI" : "",
                cpu.bf16 ? ", AVX512-BF16" : "");
    std::printf(
        "%zu texts, %.1f tokens on average; padding adds %.0f %% to sorted batches of 32, %.0f %% as they "
        "arrive\n",
        texts_.size(), static_cast<double>(token_count_) / static_cast<double>(texts_.size()),
        padding(cut(sorted(tokens_), 32)), padding(cut(tokens_, 32)));
    if (!given.python.empty()) peers_.emplace(given.python, given.model, texts_, tokens_);
    check();
  }

  void run() {
    add_fp32();
    add_peers();
    for (bench::packed_contender& each : contenders_) {
      if (each.name != "fp32") add_precision(each);
    }
    for (const std::string& name : int8_peers_) ask(packed_name(contenders_.back(), 32), name, 1);
    if (!peers_) add_padded();  // they pad, too, and take their time
    board_.run(given_.rounds);
    print_speeds();
    if (given_.json.empty()) return;
    bench::write_file(given_.json, "{\"title\": \"encoding texts on one core\", \"unit\": \"" + unit() +
                                       " per text\",\n\"groups\": [" + board_.json() + "]}\n");
  }

 private:
  static constexpr const char* bound = "bound: padded, sorted, batches of 32";
  static constexpr const char* floor = "floor: its products at the speed of a big one";

  const bert::embedder& model() const { return contenders_.front().model; }

  std::string unit() const {
    return given_.clock == CLOCK_MONOTONIC ? "microseconds" : "microseconds of CPU time";
  }

  /// One that this machine cannot run is left out with a line that says why.
  void add_contender(bert::model_options options, const std::string& name, double asked) try {
    options.device = "cpu";
    options.threads = 1;
    contenders_.emplace_back(given_.model, options, name, asked);
  } catch (const std::invalid_argument& fault) {
    std::printf("%s is left out: %s\n", name.c_str(), fault.what());
  }

  bool wanted(const std::string& name) const {
    if (given_.only.empty()) return true;
    std::istringstream words{given_.only};
    for (std::string word; std::getline(words, word, '|');)
      if (name.find(word) != std::string::npos) return true;
    return false;
  }

  void add(const std::string& name, std::function<double()> measure) {
    if (wanted(name)) board_.add(name, std::move(measure));
  }

  void ask(const std::string& faster, const std::string& slower, double times) {
    if (wanted(faster) && (slower == bound || wanted(slower))) board_.ask(faster, slower, times);
  }

  double per_text(double all) const { return all * 1e6 / static_cast<double>(texts_.size()); }

  /// Microseconds per text of one call.
  template <class Work>
  std::function<double()> timed(Work work) {
    return [this, work = std::move(work)]() mutable {
      const double start = seconds(given_.clock);
      work();
      return per_text(seconds(given_.clock) - start);
    };
  }

  void add_packed(bench::packed_contender& each, std::size_t size) {
    add(packed_name(each, size), timed([&each, all = cut(tokens_, size)]() mutable {
          for (auto& batch : all) each.embed(batch, [](const bert::embedding&) {});
        }));
  }

  static std::string packed_name(const bench::packed_contender& each, std::size_t size) {
    return "carpool " + each.name + ", batches of " + std::to_string(size);
  }

  void add_fp32() {
    bench::packed_contender& fp32 = contenders_.front();
    board_.add(floor, [this] {
      const double operations = bench::encoder_operations(bert::read_model_config(given_.model), tokens_);
      return per_text(operations / big_(given_.clock));
    });
    board_.add(bound, timed([this, all = cut(sorted(tokens_), 32)] {
                 for (const auto& batch : all) padded_(batch);
               }));
    for (const auto& [size, times] : {std::pair{32U, 1.0}, {8U, 0.96}, {1U, 0.55}}) {
      add_packed(fp32, size);
      ask(packed_name(fp32, size), bound, times);
    }
    for (const auto& [in_flight, times] : {std::pair{64U, 1.0}, {8U, 0.96}, {1U, 0.55}}) {
      const std::string name = "carpool DynamicBatcher, " + std::to_string(in_flight) + " in flight";
      auto target = std::make_shared<bench::text_batcher>(model().batching(), model());
      add(name, timed([this, target, count = in_flight] { bench::text_loop{*target, tokens_}.run(count); }));
      ask(name, bound, times);
    }
  }

  void add_precision(bench::packed_contender& each) {
    for (const std::size_t size : {32U, 8U, 1U}) {
      add_packed(each, size);
      ask(packed_name(each, size), packed_name(contenders_.front(), size), each.asked);
    }
  }

  void add_peers() {
    if (!peers_) return;
    const std::string from_text = "carpool fp32, from text";
    add(from_text, timed([this, &fp32 = contenders_.front()] {
          for (std::size_t i = 0; i < texts_.size(); i += 32) {
            std::vector<bert::tokens> batch;
            for (std::size_t k = i; k < std::min(i + 32, texts_.size()); ++k)
              batch.push_back(fp32.model.tokenize(texts_[k]));
            fp32.embed(batch, [](const bert::embedding&) {});
          }
        }));
    for (const std::string& name : peers_->names()) {
      add(name, [this, name] {
        const auto [wall, cpu] = peers_->run(name);
        return per_text(given_.clock == CLOCK_MONOTONIC ? wall : cpu);
      });
      if (name.ends_with("from text")) {
        ask(from_text, name, 1.4);
      } else if (name.ends_with("int8")) {
        if (contenders_.back().name == "int8") int8_peers_.push_back(name);
      } else {
        ask(packed_name(contenders_.front(), 32), name, 1);
      }
    }
  }

  void add_padded() {
    for (const std::size_t size : {32U, 1U}) {
      add("padded, as they arrive, batches of " + std::to_string(size),
          timed([this, all = cut(tokens_, size)] {
            for (const auto& batch : all) padded_(batch);
          }));
    }
  }

  /// All must compute the same, whatever the batches.
  void check() {
    const std::vector<bert::embedding> ours = contenders_.front().embeddings(tokens_);
    std::printf("largest difference from carpool fp32, and cosine to it, least and mean\n");
    compare("bound", padded_embeddings(), ours, 1e-5);
    for (bench::packed_contender& each : contenders_) {
      if (each.name != "fp32") compare("carpool " + each.name, each.embeddings(tokens_), ours, 1);
    }
    if (!peers_) return;
    for (const std::string& name : peers_->names()) {
      if (!wanted(name)) continue;
      compare(name, peers_->embeddings(name, texts_.size(), model().dimension()), ours,
              name.ends_with("int8") ? 1 : 1e-5);
    }
  }

  static void compare(const std::string& name, const std::vector<bert::embedding>& theirs,
                      const std::vector<bert::embedding>& ours, double tolerance) {
    const bench::comparison found{theirs, ours};
    std::printf("  %-44s %.1e  %.5f  %.5f\n", name.c_str(), found.difference, found.least, found.mean);
    if (!(found.difference < tolerance)) throw std::runtime_error{name + " computes something else"};
  }

  std::vector<bert::embedding> padded_embeddings() const {
    std::vector<bert::embedding> result;
    for (const auto& batch : cut(tokens_, 32)) {
      const at::Tensor rows = padded_(batch);
      const float* const first = rows.const_data_ptr<float>();
      const std::size_t width = model().dimension();
      for (std::size_t i = 0; i < batch.size(); ++i)
        result.emplace_back(first + i * width, first + (i + 1) * width);
    }
    return result;
  }

  void print_speeds() const {
    std::printf("\n| | real tokens/s | share of the fp32 products' peak |\n|---|---|---|\n");
    for (const std::string& name : board_.names()) {
      const double speed = 1e6 * static_cast<double>(token_count_) /
                           (board_.median(name) * static_cast<double>(texts_.size()));
      std::printf("| %s | %.0f | %.2f |\n", name.c_str(), speed, board_.ratio(name, floor).median);
    }
  }

  settings given_;
  std::vector<std::string> texts_;
  std::vector<bert::tokens> tokens_;
  std::size_t token_count_ = 0;
  std::list<bench::packed_contender> contenders_;  // fp32 first, int8 last
  bench::padded_bert padded_;
  bench::big_product big_;
  std::optional<bench::encoder_peers> peers_;
  std::vector<std::string> int8_peers_;
  bench::scoreboard board_;
};

}  // namespace

int main(int argc, char** argv) {
  return bench::run_benchmark(argc, argv, usage, [&] { program{settings{argc, argv}}.run(); });
}
