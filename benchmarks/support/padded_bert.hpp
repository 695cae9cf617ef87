// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// BERT as it is usually run, on the same libtorch: texts padded to the longest of their batch, a mask,
// separate projections, at::linear. The operators and their order are those of Hugging Face's BertModel with
// SDPA, followed by sentence-transformers' mean pooling and normalisation.

#pragma once

#include <carpool/bert/config.hpp>
#include <carpool/bert/safetensors.hpp>
#include <carpool/bert/tokens.hpp>
#include <carpool/bert/weights.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace bench {

class padded_bert {
 public:
  padded_bert(const carpool::bert::model_config& config, carpool::bert::encoder_weights weights)
      : config_(config), weights_(std::move(weights)) {}

  /// -> [texts, hidden]
  at::Tensor operator()(std::span<const carpool::bert::tokens> texts) const {
    const c10::InferenceMode no_gradients;
    std::size_t longest = 0;
    bool padded = false;
    for (const auto& text : texts) longest = std::max(longest, text.size());
    const auto batch = static_cast<std::int64_t>(texts.size()), length = static_cast<std::int64_t>(longest);
    at::Tensor ids = at::zeros({batch, length}, at::kLong);
    at::Tensor mask = at::zeros({batch, length}, at::kBool);
    for (std::size_t row = 0; row < texts.size(); ++row) {
      std::copy(texts[row].ids.begin(), texts[row].ids.end(),
                ids.mutable_data_ptr<std::int64_t>() + row * longest);
      std::fill_n(mask.mutable_data_ptr<bool>() + row * longest, texts[row].size(), true);
      padded = padded || texts[row].size() < longest;
    }
    std::optional<at::Tensor> attention_mask;
    if (padded) attention_mask = mask.view({batch, 1, 1, length}).expand({batch, 1, length, length});
    at::Tensor hidden =
        weights_.words.index_select(0, ids.view(-1)).view({batch, length, config_.hidden_size});
    hidden = norm(hidden.add_(weights_.places.select(1, 0).narrow(0, 0, length)), weights_.embedding_norm);
    for (const auto& layer : weights_.layers) hidden = run(layer, hidden, attention_mask);
    return pool(hidden, mask);
  }

 private:
  at::Tensor norm(const at::Tensor& x, const carpool::bert::norm_weights& weights) const {
    return at::layer_norm(x, {config_.hidden_size}, weights.scale, weights.shift, config_.layer_norm_eps);
  }

  static at::Tensor linear(const at::Tensor& x, const carpool::bert::linear_weights& weights) {
    return at::linear(x, weights.weight, weights.bias);
  }

  at::Tensor run(const carpool::bert::layer_weights& layer, const at::Tensor& hidden,
                 const std::optional<at::Tensor>& mask) const {
    const std::int64_t batch = hidden.size(0), length = hidden.size(1), width = hidden.size(2);
    const auto projection = [&](std::int64_t which) {
      const at::Tensor weight = layer.query_key_value.weight.narrow(0, which * width, width);
      const at::Tensor bias = layer.query_key_value.bias.narrow(0, which * width, width);
      return at::linear(hidden, weight, bias).view({batch, length, config_.heads, -1}).transpose(1, 2);
    };
    const at::Tensor context =
        at::scaled_dot_product_attention(projection(0), projection(1), projection(2), mask);
    const at::Tensor rows = context.transpose(1, 2).reshape({batch, length, width});
    const at::Tensor attended = norm(linear(rows, layer.attention_output).add(hidden), layer.attention_norm);
    const at::Tensor inner = at::gelu(linear(attended, layer.intermediate));
    return norm(linear(inner, layer.output).add(attended), layer.output_norm);
  }

  static at::Tensor pool(const at::Tensor& hidden, const at::Tensor& mask) {
    const at::Tensor weights = mask.to(at::kFloat).unsqueeze(2);
    const at::Tensor mean = hidden.mul(weights).sum(1).div(weights.sum(1));
    return mean.div(at::linalg_vector_norm(mean, 2, {1}, true).clamp_min(1e-12));
  }

  carpool::bert::model_config config_;
  carpool::bert::encoder_weights weights_;
};

/// The model in a Hugging Face folder.
inline padded_bert load_padded_bert(const std::filesystem::path& folder) {
  const c10::InferenceMode no_gradients;
  const auto config = carpool::bert::read_model_config(folder);
  const carpool::bert::safetensors_file weights{carpool::bert::find_weights(folder)};
  return {config, carpool::bert::read_weights(weights, config)};
}

}  // namespace bench
