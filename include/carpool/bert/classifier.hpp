// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/classifier_lane.hpp>
#include <carpool/bert/config.hpp>
#include <carpool/bert/device_health.hpp>
#include <carpool/bert/nvml.hpp>
#include <carpool/bert/options.hpp>
#include <carpool/bert/prediction.hpp>
#include <carpool/bert/text_model.hpp>
#include <carpool/bert/tokens.hpp>
#include <carpool/bert/wordpiece.hpp>
#include <carpool/options.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carpool::bert {

/// A sequence classifier (BertForSequenceClassification) from a Hugging Face folder, ready for a
/// DynamicBatcher, of which it is the lane factory. One with a single label that takes pairs is a
/// cross-encoder, a reranker:
///
///     namespace bert = carpool::bert;
///     bert::classifier model{"ms-marco-MiniLM-L6-v2"};
///     carpool::DynamicBatcher<bert::tokens, bert::prediction> batcher{io, model.batching(), model};
///     bert::prediction found = co_await batcher.async_submit(model.tokenize_pair("a query", "a document"));
///     float score = found.scores().front();
///
/// Single texts and pairs share batches. Batchers of `std::string` or of `text_pair` work as well; they
/// tokenise on the lane.
///
/// Copies share the model. Distinct and shared objects may be used by several threads at once.
class classifier {
 public:
  /// Loads the folder: config.json, tokenizer.json or vocab.txt, model.safetensors (fp32, fp16 or bf16) and,
  /// where present, the files of sentence-transformers. Throws `load_error` naming file, tensor or field, and
  /// cause; `std::invalid_argument` for options that this machine cannot fulfil.
  explicit classifier(const std::filesystem::path& folder, const model_options& options = {})
      : model_(std::make_shared<const text_model>(folder, options, &read_classifier_config)) {}

  /// The ids of a text, for a batcher of `tokens`. Called where the text is submitted, it spares the lane
  /// that work. Throws `boost::system::system_error` with a `bert::error`: invalid_utf8, empty_text (not a
  /// single token, as of white space), or text_too_long when truncation is off.
  tokens tokenize(std::string_view text) const { return tokenize(text, model_->encoding()); }

  /// The same with settings for this text alone.
  tokens tokenize(std::string_view text, encode_options asked) const { return model_->tokenize(text, asked); }

  /// The ids of a pair, such as a query and a document. Of a pair that is too long the longer text is cut,
  /// then both. Throws as `tokenize`; empty_text only if both are empty.
  tokens tokenize_pair(std::string_view first, std::string_view second) const {
    return tokenize_pair(first, second, model_->encoding());
  }

  /// The same with settings for this pair alone.
  tokens tokenize_pair(std::string_view first, std::string_view second, encode_options asked) const {
    return model_->tokenize_pair(first, second, asked);
  }

  /// What makes its tokens, for those who want to know more of them than `tokenize` tells.
  const wordpiece& tokenizer() const { return model_->tokenizer(); }

  /// What a text or pair costs: its tokens, because the encoder runs without padding.
  double work(const tokens& text) const { return static_cast<double>(text.size()); }

  /// Options for a batcher that runs this model: its defaults, with the lanes and devices of the
  /// `model_options`.
  carpool::options batching() const { return model_->batching(); }

  /// The functor set of a lane, for DynamicBatcher. The lanes of a device share the weights; lane i is on
  /// device i % (number of devices).
  classifier_lane operator()(std::size_t lane) const {
    const auto text = [self = *this](std::string_view one) { return self.tokenize(one); };
    const auto pair = [self = *this](const text_pair& two) {
      return self.tokenize_pair(two.first, two.second);
    };
    return {model_->config(), text, pair, model_->make_device_lane(lane)};
  }

  /// The names of the labels, in the order of logits and scores; at least one.
  const std::vector<std::string>& labels() const { return settings().labels; }
  /// What makes scores of logits, as the folder says: what sentence-transformers has written for a
  /// cross-encoder, else what transformers does: identity for a regression, sigmoid for one label or several
  /// that do not exclude each other, softmax otherwise.
  bert::score_function score_function() const { return settings().score_function; }
  /// Tokens per text or pair at most, with [CLS] and [SEP].
  std::size_t max_tokens() const { return model_->config().max_tokens; }
  /// The name of the model's folder.
  const std::string& name() const { return model_->name(); }
  /// What NVIDIA's driver says about its GPUs; see `embedder::telemetry`.
  std::vector<std::pair<std::string, std::shared_ptr<const gpu_telemetry>>> telemetry() const {
    return model_->telemetry();
  }
  /// The share of a GPU's memory that is left free.
  double memory_headroom() const { return model_->memory_headroom(); }
  /// Its devices; see `embedder::devices`.
  std::vector<device_status> devices() const { return model_->devices(); }
  /// One line for people: devices, versions, on the CPU why it is not CUDA, on CUDA who computes attention.
  std::string device_description() const { return model_->device_description(); }

 private:
  const classifier_settings& settings() const { return *model_->config().classifier; }

  std::shared_ptr<const text_model> model_;
};

}  // namespace carpool::bert
