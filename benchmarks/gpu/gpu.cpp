// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// How fast and how exact is carpool::bert on a GPU?
//
//   bench_gpu [--model FOLDER] [--toy]
//
// Prints a line of JSON per figure and what it is doing on the other stream. --toy runs everything with small
// sizes, also on the CPU where there is no CUDA, to show that it runs. gpu.sh adds the baselines in Python
// and makes a table and plots of it.

#include "ceilings.hpp"
#include "encoder_sweep.hpp"
#include "end_to_end.hpp"
#include "report.hpp"
#include "support/golden_embeddings.hpp"
#include <carpool/bert/nvml.hpp>

#ifdef CARPOOL_BERT_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#include <cuda_runtime_api.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace bert = carpool::bert;
using bench::attempt;
using bench::json_line;

struct arguments {
  std::filesystem::path model = CARPOOL_MINILM;
  bool toy = false;

  arguments(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string_view name = argv[i];
      if (name == "--toy")
        toy = true;
      else if (name == "--model" && i + 1 < argc)
        model = argv[++i];
      else
        throw std::invalid_argument("usage: bench_gpu [--model FOLDER] [--toy]");
    }
  }
};

std::vector<bert::embedding> embed(bert::lane& lane, std::span<const std::string> texts) {
  std::vector<bert::embedding> result;
  for (auto& item : lane.split(lane.model(lane.collate(texts)), texts.size())) result.push_back(item.value());
  return result;
}

double cosine(const bert::embedding& a, const bert::embedding& b) {
  double product = 0, of_a = 0, of_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    product += double{a[i]} * double{b[i]};
    of_a += double{a[i]} * double{a[i]};
    of_b += double{b[i]} * double{b[i]};
  }
  return product / std::sqrt(of_a * of_b);
}

class gpu_bench {
 public:
  explicit gpu_bench(const arguments& given)
      : given_(given),
        device_(bert::choose_devices("auto").front()),
        types_{{bert::precision::fp32, "fp32"}} {
    if (device_.is_cpu() && !given.toy)
      throw std::runtime_error("there is no CUDA device: " + bert::find_cuda().why_not);
    if (device_.is_cuda())
      types_ = {
          {bert::precision::fp16, "fp16"}, {bert::precision::bf16, "bf16"}, {bert::precision::fp32, "fp32"}};
  }

  void run() const {
    attempt("machine", [&] { machine(); });
    attempt("ceilings", [&] { bench::ceilings(device_, element_type(), given_.toy).measure(config()); });
    attempt("correctness", [&] { correctness(); });
    attempt("encoder", [&] { sweep(); });
    attempt("end to end", [&] { loops(); });
    attempt("invariance", [&] { invariance(); });
    attempt("out of memory", [&] { out_of_memory(); });
    attempt("telemetry", [&] { telemetry(); });
  }

 private:
  bert::embedder load(bert::precision type) const {
    return bert::embedder(given_.model, {.device = device_.is_cuda() ? "cuda" : "cpu", .precision = type});
  }
  bert::model_config config() const { return bert::read_model_config(given_.model); }
  at::ScalarType element_type() const { return bert::choose_precision(types_.front().first, device_).type; }

  void machine() const {
    json_line("machine")
        .add("device", load(types_.front().first).device_description())
        .add("cores", std::thread::hardware_concurrency())
        .add("model", given_.model.filename().string())
        .print();
  }

  void correctness() const {
    const auto texts = carpool::test::golden_texts();
    for (const auto& [type, name] : types_) {
      const bert::embedder model = load(type);
      bert::lane lane = model(0);
      const auto expected = carpool::test::golden_vectors(model.dimension());
      const auto got = embed(lane, texts);
      double worst = 0, least = 1;
      for (std::size_t i = 0; i < texts.size(); ++i) {
        worst = std::max(worst, carpool::test::difference(got[i], expected[i]));
        least = std::min(least, cosine(got[i], expected[i]));
      }
      json_line("correctness")
          .add("precision", name)
          .add("largest_error", worst)
          .add("least_cosine", least)
          .print();
    }
  }

  void sweep() const {
    const auto target = at::TensorOptions(element_type()).device(device_);
    const auto model = std::make_shared<const bert::encoder>(
        config(), bert::read_weights(bert::safetensors_file{bert::find_weights(given_.model)}, config()),
        target);
    bench::encoder_sweep(device_, given_.toy).measure(model, config());
  }

  void loops() const {
    bench::end_to_end bench(load(types_.front().first), bench::english_texts(given_.toy ? 20 : 2000),
                            given_.toy ? 0.1 : 3);
    const std::size_t threads = std::max(1U, std::thread::hardware_concurrency() - 2);
    double best = 0;
    for (const std::size_t lanes : {1U, 2U, 3U})
      for (const std::size_t in_flight :
           given_.toy ? std::vector<std::size_t>{8} : std::vector<std::size_t>{1, 8, 64, 512, 4096})
        best = std::max(best, bench.closed_loop(lanes, in_flight, threads));
    for (const double share : {0.5, 0.8, 0.95}) bench.open_loop(2, share * best, share);
  }

  /// Whether a text's vector depends on its companions.
  void invariance() const {
    const bert::embedder model = load(types_.front().first);
    bert::lane lane = model(0);
    const auto texts = carpool::test::golden_texts();
    const auto together = embed(lane, texts);
    std::size_t same = 0;
    double worst = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto alone = embed(lane, std::span(texts).subspan(i, 1))[0];
      same += std::memcmp(alone.data(), together[i].data(), alone.size() * sizeof(float)) == 0;
      worst = std::max(worst, carpool::test::difference(alone, together[i]));
    }
    json_line("invariance")
        .add("texts", static_cast<double>(texts.size()))
        .add("bitwise_the_same", static_cast<double>(same))
        .add("largest_difference", worst)
        .print();
  }

  void out_of_memory() const {
#ifdef CARPOOL_BERT_CUDA
    if (device_.is_cuda()) {
      const bert::embedder model = load(types_.front().first);
      bert::lane lane = model(0);
      const auto texts = bench::english_texts(50'000);
      c10::cuda::CUDACachingAllocator::setMemoryFraction(0.02, device_.index());
      bool noticed = false;
      try {
        embed(lane, texts);
      } catch (const carpool::out_of_memory&) {
        noticed = true;
      }
      const std::size_t after = embed(lane, std::span(texts).first(8)).size();
      c10::cuda::CUDACachingAllocator::setMemoryFraction(1.0, device_.index());
      json_line("out of memory").add("noticed", noticed).add("works_on", after == 8).print();
      return;
    }
#endif
    json_line("out of memory").add("skipped", "only on CUDA").print();
  }

  void telemetry() const {
#ifdef CARPOOL_BERT_CUDA
    if (device_.is_cuda()) {
      char id[32] = "";
      if (cudaDeviceGetPCIBusId(id, sizeof id, device_.index()) != cudaSuccess)
        throw std::runtime_error("CUDA does not tell the device's PCI bus id");
      const auto sample = bert::gpu_telemetry(id).sample();
      json_line("telemetry")
          .add("memory_used_gib", static_cast<double>(sample.memory_used.value_or(0)) / (1 << 30))
          .add("temperature", sample.temperature.value_or(0))
          .add("power", sample.power.value_or(0))
          .print();
      return;
    }
#endif
    json_line("telemetry").add("skipped", "only on CUDA").print();
  }

  arguments given_;
  c10::Device device_;
  std::vector<std::pair<bert::precision, std::string>> types_;  // the first is the default
};

}  // namespace

int main(int argc, char** argv) {
  try {
    gpu_bench(arguments(argc, argv)).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_gpu: %s\n", error.what());
    return 1;
  }
}
