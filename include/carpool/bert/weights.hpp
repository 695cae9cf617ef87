// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/all_finite.hpp>
#include <carpool/bert/config.hpp>
#include <carpool/bert/error.hpp>
#include <carpool/bert/safetensors.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carpool::bert {

struct linear_weights {
  at::Tensor weight;  ///< [out, in]
  at::Tensor bias;    ///< [out]
};

struct norm_weights {
  at::Tensor scale;  ///< [hidden]
  at::Tensor shift;  ///< [hidden]
};

struct layer_weights {
  linear_weights query_key_value;   ///< hidden -> 3·hidden, the three projections on top of each other
  linear_weights attention_output;  ///< hidden -> hidden
  norm_weights attention_norm;
  linear_weights intermediate;  ///< hidden -> intermediate
  linear_weights output;        ///< intermediate -> hidden
  norm_weights output_norm;
};

/// What BertForSequenceClassification has behind the encoder.
struct head_weights {
  linear_weights pooler;      ///< hidden -> hidden
  linear_weights classifier;  ///< hidden -> labels
};

/// The parameters of a BERT encoder, in fp32 on the CPU.
struct encoder_weights {
  at::Tensor words;   ///< [vocab, hidden]
  at::Tensor places;  ///< [max positions, 2, hidden]: the embedding of each position plus that of each token
                      ///< type; where a model has one type, or is told of one, it has it twice
  norm_weights embedding_norm;
  std::vector<layer_weights> layers;
  std::optional<head_weights> head;  ///< of a classifier
};

/// Takes tensors out of a checkpoint by name and shape, as fp32. Checkpoints name the same things in two
/// ways: with or without "bert." in front, and LayerNorm's parameters weight and bias or (converted from
/// TensorFlow) gamma and beta.
class checkpoint_reader {
 public:
  explicit checkpoint_reader(const safetensors_file& file)
      : checkpoint_reader(file, file.contains("bert.embeddings.word_embeddings.weight") ? "bert." : "") {}

  /// All names have this in front in the file.
  checkpoint_reader(const safetensors_file& file, std::string prefix)
      : file_(file), prefix_(std::move(prefix)) {}

  /// Throws `load_error` naming file, tensor, expected and found shape.
  at::Tensor tensor(const std::string& name, const std::vector<std::int64_t>& shape) const {
    const tensor_view& view = file_.at(prefix_ + name);
    if (view.shape != shape) {
      throw load_error{subject(name) + " has the shape " + text(view.shape) + ", but config.json asks for " +
                       text(shape)};
    }
    at::Tensor stored = at::empty(shape, at::TensorOptions(scalar_type(view.type, name)));
    // Copied bytewise: nothing in the format aligns the data.
    std::memcpy(stored.mutable_data_ptr(), view.data.data(), view.data.size());
    return stored.to(at::kFloat);
  }

  /// The same, for parameters that every text meets: one that is no number would spoil all results, or, as
  /// attention may leave it out, make them wrong without a sign. Throws `load_error`, also then.
  at::Tensor finite_tensor(const std::string& name, const std::vector<std::int64_t>& shape) const {
    at::Tensor result = tensor(name, shape);
    if (all_finite({result.const_data_ptr<float>(), static_cast<std::size_t>(result.numel())})) return result;
    throw load_error{subject(name) + " holds a NaN or an infinity"};
  }

  linear_weights linear(const std::string& name, std::int64_t in, std::int64_t out) const {
    return {finite_tensor(name + ".weight", {out, in}), finite_tensor(name + ".bias", {out})};
  }

  norm_weights norm(const std::string& name, std::int64_t size) const {
    const bool old = file_.contains(prefix_ + name + ".gamma");
    return {finite_tensor(name + (old ? ".gamma" : ".weight"), {size}),
            finite_tensor(name + (old ? ".beta" : ".bias"), {size})};
  }

 private:
  std::string subject(const std::string& name) const {
    return file_.name() + ": tensor " + in_quotes(prefix_ + name);
  }

  static std::string text(const std::vector<std::int64_t>& shape) {
    std::string result;
    for (const std::int64_t size : shape) result += (result.empty() ? "" : ", ") + std::to_string(size);
    return "[" + result + "]";
  }

  at::ScalarType scalar_type(dtype type, const std::string& name) const {
    switch (type) {
      case dtype::f32:
        return at::kFloat;
      case dtype::f16:
        return at::kHalf;
      case dtype::bf16:
        return at::kBFloat16;
      case dtype::other:
        break;
    }
    throw load_error{subject(name) +
                     " has a dtype that weights cannot have: F32, F16 and BF16 can be loaded"};
  }

  const safetensors_file& file_;
  std::string prefix_;
};

inline layer_weights read_layer(const checkpoint_reader& checkpoint, const model_config& config,
                                std::int64_t index) {
  const std::string layer = "encoder.layer." + std::to_string(index) + ".";
  const std::int64_t hidden = config.hidden_size;
  const auto query = checkpoint.linear(layer + "attention.self.query", hidden, hidden);
  const auto key = checkpoint.linear(layer + "attention.self.key", hidden, hidden);
  const auto value = checkpoint.linear(layer + "attention.self.value", hidden, hidden);
  return {.query_key_value = {at::cat({query.weight, key.weight, value.weight}),
                              at::cat({query.bias, key.bias, value.bias})},
          .attention_output = checkpoint.linear(layer + "attention.output.dense", hidden, hidden),
          .attention_norm = checkpoint.norm(layer + "attention.output.LayerNorm", hidden),
          .intermediate = checkpoint.linear(layer + "intermediate.dense", hidden, config.intermediate_size),
          .output = checkpoint.linear(layer + "output.dense", config.intermediate_size, hidden),
          .output_norm = checkpoint.norm(layer + "output.LayerNorm", hidden)};
}

inline at::Tensor read_places(const checkpoint_reader& checkpoint, const model_config& config) {
  const std::int64_t hidden = config.hidden_size;
  const at::Tensor positions =
      checkpoint.finite_tensor("embeddings.position_embeddings.weight", {config.max_positions, hidden});
  const at::Tensor types =
      checkpoint.finite_tensor("embeddings.token_type_embeddings.weight", {config.type_vocab_size, hidden});
  const std::int64_t second = config.type_vocab_size > 1 && config.tokenizer.tells_token_types ? 1 : 0;
  return at::stack({positions.add(types.select(0, 0)), positions.add(types.select(0, second))}, 1);
}

inline head_weights read_head(const safetensors_file& file, const checkpoint_reader& checkpoint,
                              const model_config& config) {
  const auto labels = static_cast<std::int64_t>(config.classifier->labels.size());
  if (!file.contains("classifier.weight")) {
    throw load_error{file.name() + ": there is no tensor \"classifier.weight\", so the folder holds no " +
                     "classifier; if it holds an embedding model, carpool::bert::embedder loads it"};
  }
  return {.pooler = checkpoint.linear("pooler.dense", config.hidden_size, config.hidden_size),
          .classifier = checkpoint_reader{file, ""}.linear("classifier", config.hidden_size, labels)};
}

/// Reads the encoder that `config` describes, and its head if that is a classifier. What else the file holds
/// (an embedding model's pooler, a language model's head) is ignored. Throws `load_error` naming file, tensor
/// and cause.
inline encoder_weights read_weights(const safetensors_file& file, const model_config& config) {
  const checkpoint_reader checkpoint{file};
  const std::int64_t hidden = config.hidden_size;
  encoder_weights result;
  result.words = checkpoint.tensor("embeddings.word_embeddings.weight", {config.vocab_size, hidden});
  result.places = read_places(checkpoint, config);
  result.embedding_norm = checkpoint.norm("embeddings.LayerNorm", hidden);
  for (std::int64_t index = 0; index < config.layers; ++index) {
    result.layers.push_back(read_layer(checkpoint, config, index));
  }
  if (config.classifier) result.head = read_head(file, checkpoint, config);
  return result;
}

}  // namespace carpool::bert
