// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// How exact it is, in each precision and form of GELU; and what happens when memory is short or a text is
// bad.

#pragma once

#include "encoder_sweep.hpp"
#include "end_to_end.hpp"
#include "report.hpp"
#include "subject.hpp"
#include "support/english_texts.hpp"
#include "support/golden_embeddings.hpp"
#include "support/packed_contender.hpp"
#include "support/padded_bert.hpp"
#include "support/rounding.hpp"
#include <carpool/bert/bert.hpp>
#include <carpool/carpool.hpp>

#ifdef CARPOOL_BERT_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <cuda_runtime_api.h>
#endif

#include <ATen/core/Tensor.h>
#include <ATen/ops/_addmm_activation.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/Scalar.h>
#include <c10/util/Exception.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bench {

class checks {
 public:
  checks(const subject& model, bool toy) : model_(model), toy_(toy) {
    texts_ = carpool::test::golden_texts();
    if (toy) texts_.resize(4);
    tokens_ = model.tokenize(texts_);
  }

  /// Texts to try things on.
  const std::vector<carpool::bert::tokens>& texts() const { return tokens_; }

  /// Against fp32 on the CPU with padded texts, and what sentence-transformers makes of all-MiniLM-L6-v2.
  void correctness(bool is_minilm) const {
    for (const activation form : gelu_forms) {
      const padded_bert plain(model_.config(form), model_.weights());
      std::vector<carpool::bert::embedding> expected;
      for (const auto& text : tokens_) expected.push_back(rows_of(plain(std::span(&text, 1))).front());
      for (const auto& [type, name] :
           {std::pair{at::kFloat, "fp32"}, std::pair{at::kHalf, "fp16"}, std::pair{at::kBFloat16, "bf16"}}) {
        const auto lane = model_.device_lane(model_.encoder(form, type));
        const auto got = rows_of(lane->run(pack(tokens_)));
        compare(form, type, name, "fp32, padded, on the CPU", got, expected);
        if (is_minilm && form == activation::gelu)
          compare(form, type, name, "sentence-transformers", got,
                  carpool::test::golden_vectors(model_.model().dimension()));
      }
    }
  }

  /// Which form of GELU libtorch fuses with a product here; it has no say in it.
  void fused_gelu() const {
    const c10::InferenceMode no_gradients;
    const at::Tensor x = at::randn({64, 64}, model_.target()), weight = at::randn({64, 64}, model_.target()),
                     bias = at::randn({64}, model_.target());
    const auto wide = [](const at::Tensor& t) { return t.to(at::kCPU, at::kDouble); };
    const at::Tensor fused = wide(at::_addmm_activation(bias, x, weight.t(), 1, 1, true));
    const at::Tensor product = at::linear(wide(x), wide(weight), wide(bias));
    const auto error = [&](const char* form) {
      return fused.sub(at::gelu(product, form)).abs().mean().item().toDouble();
    };
    json_line("fused gelu")
        .add("mean_error_as_exact", error("none"))
        .add("mean_error_as_tanh", error("tanh"))
        .print();
  }

  /// One id that no vocabulary has: its text fails, its mates do not.
  void bad_text() const {
    carpool::bert::lane lane = model_.model()(0);
    std::vector<carpool::bert::tokens> texts = tokens_;
    texts[1].ids[0] = 1 << 30;
    std::size_t failed = 0;
    const auto items =
        lane.split(lane.model(lane.collate(std::span<const carpool::bert::tokens>(texts))), texts.size());
    for (const auto& item : items) failed += item.has_error();
    json_line("bad text").add("texts", texts.size()).add("failed", failed).print();
  }

  /// Batches of more than the memory takes, behind a batcher: all are to be answered, in smaller ones. On the
  /// CPU the lack is made up.
  void out_of_memory() const {
    const std::size_t count = toy_ ? 32 : 20'000;
    auto device = model_.device_lane(model_.encoder(activation::gelu));
    if (model_.device().is_cpu()) device = std::make_unique<cramped>(std::move(device), 256);
    const auto made = std::make_shared<std::unique_ptr<carpool::bert::device_lane>>(std::move(device));
    const lane_factory lanes{[this, made](std::size_t) { return model_.lane(std::move(*made)); }};
    carpool::options options;
    options.max_batch_size = count;
    options.max_queue_size = count;
    end_to_end::batcher_type batcher(options, lanes, carpool::eager{});
    std::vector<carpool::bert::tokens> texts = model_.tokenize(english_texts(count));
    const memory_limit limit(model_.device());
    std::atomic<std::size_t> answered = 0, failed = 0;
    for (auto& text : texts)
      batcher.async_submit(std::move(text),
                           boost::asio::bind_executor(boost::asio::system_executor(),
                                                      [&](boost::system::error_code code, const auto&) {
                                                        failed += code ? 1U : 0U;
                                                        ++answered;
                                                        answered.notify_one();
                                                      }));
    for (std::size_t now = 0; (now = answered.load()) < count;) answered.wait(now);
    const carpool::stats stats = batcher.stats();
    json_line("out of memory")
        .add("model", model_.name())
        .add("texts", count)
        .add("failed", failed.load())
        .add("batches", stats.batches)
        .add("tokens_per_batch_learnt", stats.max_batch_work)
        .print();
  }

 private:
  /// A device without room for more tokens than this.
  class cramped final : public carpool::bert::device_lane {
   public:
    cramped(std::unique_ptr<carpool::bert::device_lane> inner, std::size_t most)
        : inner_(std::move(inner)), most_(most) {}
    at::Tensor run(const carpool::bert::packed_batch& batch) override {
      if (batch.token_count() > most_) throw c10::OutOfMemoryError({__func__, __FILE__, __LINE__}, "made up");
      return inner_->run(batch);
    }

   private:
    std::unique_ptr<carpool::bert::device_lane> inner_;
    std::size_t most_;
  };

  /// As long as this lives, the process gets no more than a GiB of the device's memory beyond what it has.
  class memory_limit {
   public:
    explicit memory_limit(c10::Device device) : device_(device) {
#ifdef CARPOOL_BERT_CUDA
      if (device_.is_cpu()) return;
      namespace allocator = c10::cuda::CUDACachingAllocator;
      allocator::emptyCache();
      std::size_t free = 0, total = 0;
      C10_CUDA_CHECK(cudaMemGetInfo(&free, &total));
      const auto had =
          static_cast<double>(allocator::getDeviceStats(device_.index()).reserved_bytes[0].current);
      allocator::setMemoryFraction((had + (1 << 30)) / static_cast<double>(total), device_.index());
#endif
    }
    memory_limit(const memory_limit&) = delete;
    memory_limit& operator=(const memory_limit&) = delete;
    ~memory_limit() {
#ifdef CARPOOL_BERT_CUDA
      if (device_.is_cuda()) c10::cuda::CUDACachingAllocator::setMemoryFraction(1, device_.index());
#endif
    }

   private:
    [[maybe_unused]] c10::Device device_;
  };

  void compare(activation form, at::ScalarType type, const std::string& precision, const std::string& against,
               const std::vector<carpool::bert::embedding>& got,
               const std::vector<carpool::bert::embedding>& expected) const {
    const comparison found(got, expected);
    json_line("correctness")
        .add("model", model_.name())
        .add("gelu", name_of(form))
        .add("precision", precision)
        .add("against", against)
        .add("largest_error", found.difference)
        .add("allowed", carpool::test::embedding_tolerance(type, model_.config(form)))
        .add("least_cosine", found.least)
        .print();
  }

  const subject& model_;
  bool toy_;
  std::vector<std::string> texts_;
  std::vector<carpool::bert::tokens> tokens_;
};

}  // namespace bench
