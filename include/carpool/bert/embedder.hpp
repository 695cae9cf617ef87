// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/config.hpp>
#include <carpool/bert/device_health.hpp>
#include <carpool/bert/lane.hpp>
#include <carpool/bert/nvml.hpp>
#include <carpool/bert/options.hpp>
#include <carpool/bert/text_model.hpp>
#include <carpool/bert/tokens.hpp>
#include <carpool/bert/wordpiece.hpp>
#include <carpool/options.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carpool::bert {

/// A sentence embedding model from a Hugging Face folder, ready for a DynamicBatcher, of which it is the lane
/// factory:
///
///     namespace bert = carpool::bert;
///     bert::embedder model{"all-MiniLM-L6-v2"};
///     carpool::DynamicBatcher<bert::tokens, bert::embedding> batcher{io, model.batching(), model};
///     std::vector<float> vector = co_await batcher.async_submit(model.tokenize("share the ride"));
///
/// A batcher of `std::string` and `std::vector<float>` works as well; it tokenises on the lane.
///
/// Copies share the model. Distinct and shared objects may be used by several threads at once.
class embedder {
 public:
  /// Loads the folder: config.json, tokenizer.json or vocab.txt, model.safetensors (fp32, fp16 or bf16) and,
  /// where present, the files of sentence-transformers; with `model_options::program` that one instead of
  /// the weights, and tries it out. Throws `load_error` naming file, tensor or field, and cause;
  /// `std::invalid_argument` for options that this machine cannot fulfil.
  explicit embedder(const std::filesystem::path& folder, const model_options& options = {})
      : model_(std::make_shared<const text_model>(folder, options, &read_model_config)) {}

  /// The ids of a text, for a batcher of `tokens`. Called where the text is submitted, it spares the lane
  /// that work. Throws `boost::system::system_error` with a `bert::error`: invalid_utf8, empty_text (not a
  /// single token, as of white space), or text_too_long when truncation is off.
  tokens tokenize(std::string_view text) const { return tokenize(text, model_->encoding()); }

  /// The same with settings for this text alone.
  tokens tokenize(std::string_view text, encode_options asked) const { return model_->tokenize(text, asked); }

  /// What makes its tokens, for those who want to know more of them than `tokenize` tells.
  const wordpiece& tokenizer() const { return model_->tokenizer(); }

  /// What a text costs: its tokens.
  double work(const tokens& text) const { return static_cast<double>(text.size()); }

  /// Options for a batcher that runs this model: its defaults, with the lanes and devices of the
  /// `model_options`. Packed texts need no like lengths and no waiting; a program's are padded, so
  /// `batch_work` is `padded_work` then, and the default policy sends texts of like lengths together.
  carpool::options batching() const { return model_->batching(); }

  /// The functor set of a lane, for DynamicBatcher. The lanes of a device share the weights; lane i is on
  /// device i % (number of devices).
  bert::lane operator()(std::size_t lane) const {
    const auto tokenizer = [self = *this](std::string_view text) { return self.tokenize(text); };
    return {model_->config(), tokenizer, model_->make_device_lane(lane)};
  }

  /// Floats per embedding.
  std::size_t dimension() const { return static_cast<std::size_t>(model_->config().hidden_size); }
  /// Tokens per text at most, with [CLS] and [SEP].
  std::size_t max_tokens() const { return model_->config().max_tokens; }
  /// How the vectors of a text's tokens become one.
  pooling pooled_by() const { return model_->config().pooling; }
  /// Whether embeddings are scaled to length 1, as the folder says.
  bool normalizes() const { return model_->config().normalize; }
  /// The name of the model's folder.
  const std::string& name() const { return model_->name(); }
  /// What NVIDIA's driver says about its GPUs, by their names; empty on the CPU, or where there is no NVML.
  std::vector<std::pair<std::string, std::shared_ptr<const gpu_telemetry>>> telemetry() const {
    return model_->telemetry();
  }
  /// Its devices. One that has failed for good runs nothing any more: a batcher uses the others, and without
  /// any every request fails with `carpool::error::device_lost`.
  std::vector<device_status> devices() const { return model_->devices(); }
  /// The share of a GPU's memory that is left free.
  double memory_headroom() const { return model_->memory_headroom(); }
  /// One line for people: devices, versions, on the CPU why it is not CUDA, on CUDA who computes attention,
  /// and the program if there is one.
  std::string device_description() const { return model_->device_description(); }

 private:
  std::shared_ptr<const text_model> model_;
};

}  // namespace carpool::bert
