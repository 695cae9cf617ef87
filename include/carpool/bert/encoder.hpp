// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/attention.hpp>
#include <carpool/bert/classifier_head.hpp>
#include <carpool/bert/config.hpp>
#include <carpool/bert/error.hpp>
#include <carpool/bert/linear.hpp>
#include <carpool/bert/packed_batch.hpp>
#include <carpool/bert/pooling.hpp>
#include <carpool/bert/weights.hpp>

#ifdef CARPOOL_BERT_KERNELS
#include <carpool/bert/cuda_fused.hpp>
#endif

#include <boost/system/system_error.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/layer_norm.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace carpool::bert {

/// A packed batch where the encoder runs: int32 tensors on its device, and the batch they were made from.
struct device_batch {
  const packed_batch& host;
  at::Tensor ids;                        ///< [rows]
  at::Tensor places;                     ///< [rows]
  at::Tensor offsets;                    ///< [texts + 1], or more where the batch was filled up
  std::size_t longest = host.longest();  ///< tokens of a text at most
};

/// x -> (x - mean) / sqrt(variance + eps) · scale + shift, over the last dimension.
class layer_norm {
 public:
  layer_norm(norm_weights weights, double eps) : weights_(std::move(weights)), eps_(eps) {}

  /// Of x + residual, [rows, hidden]; x may be overwritten.
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& residual) const {
#ifdef CARPOOL_BERT_KERNELS
    if (cuda::fits(x)) return cuda::residual_norm(x, residual, weights_.scale, weights_.shift, eps_);
#endif
    return plain(x.add_(residual));
  }

  /// Of words[ids] + positions[places], [rows, hidden].
  at::Tensor operator()(const at::Tensor& words, const at::Tensor& ids, const at::Tensor& positions,
                        const at::Tensor& places) const {
#ifdef CARPOOL_BERT_KERNELS
    if (cuda::fits(words))
      return cuda::embedding_norm(words, ids, positions, places, weights_.scale, weights_.shift, eps_);
#endif
    return plain(words.index_select(0, ids).add_(positions.index_select(0, places)));
  }

 private:
  [[nodiscard]] at::Tensor plain(const at::Tensor& x) const {
    return at::layer_norm(x, weights_.scale.sizes(), weights_.scale, weights_.shift, eps_);
  }

  norm_weights weights_;
  double eps_;
};

/// BERT (Devlin et al., 2018) over packed texts, from token ids to one embedding per text, or to the logits
/// of a classifier. Every step but attention and pooling works on the rows of one [rows, hidden] matrix, so
/// that texts of any lengths share each product without a single padding token between them.
///
/// Immutable: several lanes may share one.
class encoder {
 public:
  /// `target`: the device and precision to compute in.
  encoder(const model_config& config, encoder_weights weights, const at::TensorOptions& target,
          const linear_kernels& kernels = {.onednn = onednn_linear::find()})
      : config_(config),
        attention_(choose_attention(target, config.hidden_size / config.heads)),
        words_(weights.words.to(target)),
        places_(weights.places.flatten(0, 1).to(target)),
        embedding_norm_(make_norm(weights.embedding_norm, target)) {
    for (layer_weights& each : weights.layers)
      layers_.push_back(make_layer(std::move(each), target, kernels));
    if (weights.head) head_.emplace(*weights.head, target.device(), kernels.invariant);
  }

  /// -> [texts, hidden] in fp32, one embedding per text, in the batch's order; [texts, labels], logits, where
  /// the weights have a classifier's head.
  at::Tensor operator()(const device_batch& batch) const {
    const at::Tensor hidden = encode(batch);
    if (head_) return (*head_)(pool(hidden, batch.offsets, config_.pooling, /*normalized=*/false));
    return pool(hidden, batch.offsets, config_.pooling, config_.normalize);
  }

  /// -> [tokens, hidden] in the precision that it computes in: the last layer's vectors, text by text.
  /// Throws `error::token_vectors_unsupported` where the weights have a classifier's head.
  at::Tensor unpooled(const device_batch& batch) const {
    if (head_) throw boost::system::system_error{make_error_code(error::token_vectors_unsupported)};
    return encode(batch).narrow(0, 0, static_cast<std::int64_t>(batch.host.token_count()));
  }

  /// Who computes the attention.
  [[nodiscard]] attention_kernel chosen_attention() const noexcept { return attention_; }
  /// Columns of the [rows, hidden] matrix.
  [[nodiscard]] std::int64_t hidden_size() const noexcept { return config_.hidden_size; }
  /// Whether a run depends on nothing but the tensors of the batch, their sizes and `longest`.
  [[nodiscard]] bool runs_in_graphs() const noexcept { return attention_ != attention_kernel::per_text; }

 private:
  struct layer {
    linear query_key_value;
    linear attention_output;
    layer_norm attention_norm;
    linear intermediate;
    linear output;
    layer_norm output_norm;
  };

  layer_norm make_norm(norm_weights& weights, const at::TensorOptions& target) const {
    return {{weights.scale.to(target), weights.shift.to(target)}, config_.layer_norm_eps};
  }

  layer make_layer(layer_weights weights, const at::TensorOptions& target,
                   const linear_kernels& kernels) const {
    const auto make_linear = [&](linear_weights& w, std::optional<activation> then = {}) {
      return linear{w.weight.to(target), w.bias.to(target), then, kernels};
    };
    return {.query_key_value = make_linear(weights.query_key_value),
            .attention_output = make_linear(weights.attention_output),
            .attention_norm = make_norm(weights.attention_norm, target),
            .intermediate = make_linear(weights.intermediate, config_.activation),
            .output = make_linear(weights.output),
            .output_norm = make_norm(weights.output_norm, target)};
  }

  /// -> [rows, hidden]
  at::Tensor encode(const device_batch& batch) const {
    at::Tensor hidden = embedding_norm_(words_, batch.ids, places_, batch.places);
    for (const layer& each : layers_) hidden = run(each, hidden, batch);
    return hidden;
  }

  at::Tensor run(const layer& each, const at::Tensor& input, const device_batch& batch) const {
    const at::Tensor context = attention(each.query_key_value(input), batch);
    const at::Tensor attended = each.attention_norm(each.attention_output(context), input);
    return each.output_norm(each.output(each.intermediate(attended)), attended);
  }

  at::Tensor attention(const at::Tensor& qkv, const device_batch& batch) const {
    switch (attention_) {
      case attention_kernel::packed:
#ifdef CARPOOL_BERT_KERNELS
        return cuda::attention(qkv, batch.offsets, config_.heads);
#endif
      case attention_kernel::flash:
        return flash_attention(qkv, batch.offsets, batch.longest, config_.heads);
      case attention_kernel::efficient:
        return efficient_attention(qkv, batch.offsets, batch.longest, config_.heads);
      case attention_kernel::per_text:
        break;
    }
    return attention_per_text(qkv, batch.host, config_.heads);
  }

  model_config config_;
  attention_kernel attention_;
  at::Tensor words_;
  at::Tensor places_;  // [2·max positions, hidden], by packed_batch::places
  layer_norm embedding_norm_;
  std::vector<layer> layers_;
  std::optional<classifier_head> head_;
};

}  // namespace carpool::bert
