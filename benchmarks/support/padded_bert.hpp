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
#include <c10/core/Device.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// Texts padded to the longest of them, on a device.
struct padded_texts {
  at::Tensor ids;   ///< [texts, longest]
  at::Tensor mask;  ///< [texts, longest], true where there is a token
  bool padded;      ///< whether the texts have different lengths
};

inline padded_texts pad(std::span<const carpool::bert::tokens> texts, c10::Device device = c10::kCPU) {
  std::size_t longest = 0;
  for (const auto& text : texts) longest = std::max(longest, text.size());
  const auto batch = static_cast<std::int64_t>(texts.size()), length = static_cast<std::int64_t>(longest);
  padded_texts result{at::zeros({batch, length}, at::kLong), at::zeros({batch, length}, at::kBool), false};
  for (std::size_t row = 0; row < texts.size(); ++row) {
    std::copy(texts[row].ids.begin(), texts[row].ids.end(),
              result.ids.mutable_data_ptr<std::int64_t>() + row * longest);
    std::fill_n(result.mask.mutable_data_ptr<bool>() + row * longest, texts[row].size(), true);
    result.padded = result.padded || texts[row].size() < longest;
  }
  result.ids = result.ids.to(device);
  result.mask = result.mask.to(device);
  return result;
}

class padded_bert {
 public:
  /// `target`: the device and precision to compute in.
  padded_bert(const carpool::bert::model_config& config, carpool::bert::encoder_weights weights,
              const at::TensorOptions& target = at::TensorOptions(at::kFloat))
      : config_(config), weights_(std::move(weights)) {
    const auto move = [&](at::Tensor& each) { each = each.to(target); };
    const auto move_both = [&](auto& pair) {
      auto& [first, second] = pair;
      move(first);
      move(second);
    };
    move(weights_.words);
    move(weights_.places);
    move_both(weights_.embedding_norm);
    for (carpool::bert::layer_weights& layer : weights_.layers) {
      for (auto* each : {&layer.query_key_value, &layer.attention_output, &layer.intermediate, &layer.output})
        move_both(*each);
      for (auto* each : {&layer.attention_norm, &layer.output_norm}) move_both(*each);
    }
  }

  /// -> [texts, hidden] in fp32
  at::Tensor operator()(std::span<const carpool::bert::tokens> texts) const {
    return (*this)(pad(texts, weights_.words.device()));
  }

  /// Of texts that are on the weights' device -> [texts, hidden] in fp32, there
  at::Tensor operator()(const padded_texts& texts) const {
    const c10::InferenceMode no_gradients;
    const std::int64_t batch = texts.ids.size(0), length = texts.ids.size(1);
    std::optional<at::Tensor> attention_mask;
    if (texts.padded)
      attention_mask = texts.mask.view({batch, 1, 1, length}).expand({batch, 1, length, length});
    at::Tensor hidden =
        weights_.words.index_select(0, texts.ids.view(-1)).view({batch, length, config_.hidden_size});
    hidden = norm(hidden.add_(weights_.places.select(1, 0).narrow(0, 0, length)), weights_.embedding_norm);
    for (const auto& layer : weights_.layers) hidden = run(layer, hidden, attention_mask);
    return pool(hidden, texts.mask);
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
    const at::Tensor inner = at::gelu(linear(attended, layer.intermediate), gelu_);
    return norm(linear(inner, layer.output).add(attended), layer.output_norm);
  }

  static at::Tensor pool(const at::Tensor& hidden, const at::Tensor& mask) {
    const at::Tensor weights = mask.to(at::kFloat).unsqueeze(2);
    const at::Tensor mean = hidden.to(at::kFloat).mul(weights).sum(1).div(weights.sum(1));
    return mean.div(at::linalg_vector_norm(mean, 2, {1}, true).clamp_min(1e-12));
  }

  carpool::bert::model_config config_;
  carpool::bert::encoder_weights weights_;
  std::string gelu_ = config_.activation == carpool::bert::activation::gelu ? "none" : "tanh";
};

/// The model in a Hugging Face folder.
inline padded_bert load_padded_bert(const std::filesystem::path& folder) {
  const c10::InferenceMode no_gradients;
  const auto config = carpool::bert::read_model_config(folder);
  const carpool::bert::safetensors_file weights{carpool::bert::find_weights(folder)};
  return {config, carpool::bert::read_weights(weights, config)};
}

}  // namespace bench
