// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// How text-embeddings-inference would batch and run the same texts: an imitation after reading its source,
// with carpool's encoder and tokeniser, not that server, which would have to be installed. Batches are cut in
// the order of arrival, of at most 16384 tokens (its default), as soon as there is anything; two are made
// ahead of the one that runs. One backend: packed, GELU by tanh, four copies to the device that wait, no CUDA
// graphs, a mean for each text by itself, a copy back that waits, and lengths of 1 on the host.

#pragma once

#include "subject.hpp"
#include <carpool/bert/attention.hpp>
#include <carpool/bert/bert.hpp>
#include <carpool/carpool.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace bench {

class tei_backend {
 public:
  explicit tei_backend(const subject& model)
      : config_(model.config(activation::gelu_tanh)),
        target_(model.target()),
        flash_(carpool::bert::has_flash_attention(target_, config_.hidden_size / config_.heads)),
        words_(model.weights().words.to(target_)),
        places_(model.weights().places.flatten(0, 1).to(target_)),
        embedding_norm_(norm(model.weights().embedding_norm)) {
    for (const auto& each : model.weights().layers)
      layers_.push_back({linear(each.query_key_value), linear(each.attention_output),
                         norm(each.attention_norm), linear(each.intermediate, activation::gelu_tanh),
                         linear(each.output), norm(each.output_norm)});
  }

  /// -> [texts, hidden] in fp32, in the host's memory. One batch at a time.
  at::Tensor operator()(const carpool::bert::packed_batch& batch) const {
    const std::lock_guard one_backend(mutex_);
    const c10::InferenceMode no_gradients;
    const at::Tensor ids = send(batch.ids()), places = send(batch.places()), offsets = send(batch.offsets());
    send(batch.places());  // the token types, in another copy of that size
    at::Tensor hidden = embedding_norm_(words_.index_select(0, ids), places_.index_select(0, places));
    for (const layer& each : layers_) {
      const at::Tensor qkv = each.query_key_value(hidden);
      const at::Tensor context =
          flash_ ? carpool::bert::flash_attention(qkv, offsets, batch.longest(), config_.heads)
                 : carpool::bert::attention_per_text(qkv, batch, config_.heads);
      const at::Tensor attended = each.attention_norm(each.attention_output(context), hidden);
      hidden = each.output_norm(each.output(each.intermediate(attended)), attended);
    }
    return carpool::bert::normalize(means(hidden, batch).to(at::kCPU).to(at::kFloat));
  }

 private:
  struct layer {
    carpool::bert::linear query_key_value, attention_output;
    carpool::bert::layer_norm attention_norm;
    carpool::bert::linear intermediate, output;
    carpool::bert::layer_norm output_norm;
  };

  carpool::bert::linear linear(const carpool::bert::linear_weights& weights,
                               std::optional<activation> then = {}) const {
    return {weights.weight.to(target_), weights.bias.to(target_), then, carpool::bert::linear_kernels{}};
  }

  carpool::bert::layer_norm norm(const carpool::bert::norm_weights& weights) const {
    return {{weights.scale.to(target_), weights.shift.to(target_)}, config_.layer_norm_eps};
  }

  at::Tensor send(std::span<const std::int32_t> numbers) const {
    return at::from_blob(const_cast<std::int32_t*>(numbers.data()),
                         {static_cast<std::int64_t>(numbers.size())}, at::kInt)
        .to(target_.device());
  }

  static at::Tensor means(const at::Tensor& hidden, const carpool::bert::packed_batch& batch) {
    std::vector<at::Tensor> rows;
    for (std::size_t text = 0; text < batch.texts(); ++text) {
      const std::int64_t first = batch.offsets()[text], size = batch.offsets()[text + 1] - first;
      rows.push_back(hidden.narrow(0, first, size).sum(0, /*keepdim=*/true).div(size));
    }
    return at::cat(rows);
  }

  carpool::bert::model_config config_;
  at::TensorOptions target_;
  bool flash_;
  at::Tensor words_, places_;
  carpool::bert::layer_norm embedding_norm_;
  std::vector<layer> layers_;
  mutable std::mutex mutex_;
};

/// Lanes that share it: one runs, the others hold the batches that were made ahead.
inline lane_factory tei_lanes(const subject& model, std::shared_ptr<const tei_backend> backend) {
  class turn final : public carpool::bert::device_lane {
   public:
    explicit turn(std::shared_ptr<const tei_backend> backend) : backend_(std::move(backend)) {}
    at::Tensor run(const carpool::bert::packed_batch& batch) override { return (*backend_)(batch); }

   private:
    std::shared_ptr<const tei_backend> backend_;
  };
  return {[&model, backend = std::move(backend)](std::size_t) {
    return model.lane(std::make_unique<turn>(backend));
  }};
}

inline carpool::options tei_options() {
  carpool::options result;
  result.lanes = 3;
  result.max_batch_work = 16384;
  result.max_batch_size = 16384;
  result.max_queue_size = std::size_t{1} << 20U;
  return result;
}

}  // namespace bench
