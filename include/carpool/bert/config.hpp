// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/classifier_config.hpp>
#include <carpool/bert/error.hpp>
#include <carpool/bert/json_file.hpp>
#include <carpool/bert/json_reader.hpp>
#include <carpool/bert/tokenizer_config.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace carpool::bert {

/// `gelu` is x·Φ(x), by the error function; `gelu_tanh` is its approximation by tanh (Hendrycks and Gimpel,
/// 2016).
enum class activation { gelu, gelu_tanh };

/// How the vectors of a text's tokens become one: their mean, or the vector of [CLS].
enum class pooling { mean, cls };

/// Everything a Hugging Face model folder says about a BERT encoder, checked.
struct model_config {
  std::int64_t hidden_size = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;  ///< divides hidden_size
  std::int64_t intermediate_size = 0;
  std::int64_t vocab_size = 0;       ///< rows of the word embedding table
  std::int64_t max_positions = 0;    ///< rows of the position embedding table
  std::int64_t type_vocab_size = 0;  ///< rows of the token type embedding table
  double layer_norm_eps = 0;
  bert::activation activation = activation::gelu;
  bert::pooling pooling = pooling::mean;
  bool normalize = false;      ///< scale each embedding to length 1
  std::size_t max_tokens = 0;  ///< per text, with [CLS] and [SEP]; at least 3, at most max_positions
  tokenizer_settings tokenizer;
  std::optional<classifier_settings> classifier;  ///< none: the model makes embeddings
};

namespace detail {

inline bert::activation read_activation(const json_section& config) {
  const std::string& name = config.string("hidden_act");
  if (name == "gelu") return activation::gelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return activation::gelu_tanh;
  config.refuse("hidden_act", name, "gelu, gelu_new and gelu_pytorch_tanh");
}

/// Whether config.json names this class.
inline bool has_class(const json_section& config, std::string_view name) {
  if (config.find("architectures") == nullptr) return false;
  const std::string subject = config.subject("architectures");
  const json_value::array& classes = config.at("architectures").as_array(subject);
  return std::any_of(classes.begin(), classes.end(),
                     [&](const json_value& entry) { return entry.as_string(subject) == name; });
}

constexpr std::string_view classifier_class = "BertForSequenceClassification";

/// Whether modules.json says how vectors of tokens become one embedding.
inline bool has_pooling(const std::filesystem::path& folder) {
  const auto file = json_file::if_present(folder / "modules.json");
  if (!file) return false;
  const json_value::array& modules = file->value().as_array(file->name());
  return std::any_of(modules.begin(), modules.end(), [&](const json_value& module) {
    return json_section{module, file->name()}.string("type").ends_with("Pooling");
  });
}

/// Unless the folder says that the encoder of its classifier is meant to make embeddings.
inline bool is_classifier(const json_section& config, const std::filesystem::path& folder) {
  return has_class(config, classifier_class) && !has_pooling(folder);
}

/// A classifier's encoder would make embeddings of no use.
inline void refuse_classifier(const json_section& config, const std::filesystem::path& folder) {
  if (!is_classifier(config, folder)) return;
  throw load_error{config.subject("architectures") + " is " + in_quotes(classifier_class) +
                   ", which makes no embeddings; carpool::bert::classifier loads it"};
}

inline void require_classifier(const json_section& config) {
  if (config.find("architectures") == nullptr || has_class(config, classifier_class)) return;
  throw load_error{config.subject("architectures") + " does not name " + std::string{classifier_class} +
                   ", so the folder holds no classifier; if it holds an embedding model, " +
                   "carpool::bert::embedder loads it"};
}

/// Other models borrow BERT's name or layout, so the type, the class and the positions are all looked at.
inline void check_architecture(const json_section& config) {
  const std::string& type = config.string("model_type");
  if (type != "bert") config.refuse("model_type", type, "bert");
  const std::string positions = config.string_or("position_embedding_type", "absolute");
  if (positions != "absolute") config.refuse("position_embedding_type", positions, "absolute");
  if (config.boolean("is_decoder").value_or(false))
    throw load_error{config.subject("is_decoder") + " must be false"};
  const json_value* classes = config.find("architectures");
  if (classes == nullptr) return;
  for (const json_value& entry : classes->as_array(config.subject("architectures"))) {
    const std::string& name = entry.as_string(config.subject("architectures"));
    if (!name.starts_with("Bert")) config.refuse("architectures", name, "BertModel and its siblings");
  }
}

inline void read_encoder(const json_section& config, model_config& result) {
  check_architecture(config);
  constexpr std::int64_t widest = 1 << 16;  // far above any BERT, far below an overflow of a product of three
  constexpr std::int64_t largest_table = 1 << 24;
  result.hidden_size = config.size("hidden_size", widest);
  result.layers = config.size("num_hidden_layers", 1024);
  result.heads = config.size("num_attention_heads", widest);
  result.intermediate_size = config.size("intermediate_size", widest);
  result.vocab_size = config.size("vocab_size", largest_table);
  result.max_positions = config.size("max_position_embeddings", largest_table);
  result.type_vocab_size = config.size("type_vocab_size", largest_table);
  result.activation = read_activation(config);
  result.layer_norm_eps = config.at("layer_norm_eps").as_double(config.subject("layer_norm_eps"));
  if (!(result.layer_norm_eps > 0 && result.layer_norm_eps < 1)) {
    throw load_error{config.subject("layer_norm_eps") + " must be between 0 and 1"};
  }
  if (result.hidden_size % result.heads != 0) {
    throw load_error{config.subject("hidden_size") + " " + std::to_string(result.hidden_size) +
                     " is not a multiple of num_attention_heads " + std::to_string(result.heads)};
  }
}

/// The modes that have a flag of their own, as in sentence-transformers before 5.4: "mean_tokens".
inline std::string flagged_pooling_modes(const json_section& config) {
  std::string modes;
  constexpr std::string_view prefix = "pooling_mode_";
  for (const auto& [name, value] : config.value().as_object(config.place())) {
    if (!name.starts_with(prefix) || !config.boolean(name).value_or(false)) continue;
    modes += (modes.empty() ? "" : "+") + name.substr(prefix.size());
  }
  return modes;
}

/// Pooling's config.json: `"pooling_mode": "mean"` wins over flags beside it.
inline bert::pooling read_pooling(const json_section& config) {
  const bool named = config.find("pooling_mode") != nullptr;
  const std::string mode = named ? config.string("pooling_mode") : flagged_pooling_modes(config);
  if (mode == "mean" || mode == "mean_tokens") return pooling::mean;
  if (mode == "cls" || mode == "cls_token") return pooling::cls;
  config.refuse("pooling_mode", mode, "mean or cls");
}

/// modules.json lists what follows the transformer. Without the file the pooling is mean, as in
/// sentence-transformers; without pooling in the file it is a model that gives a text no vector.
inline void read_modules(const std::filesystem::path& folder, model_config& result) {
  const auto file = json_file::if_present(folder / "modules.json");
  if (!file) return;
  bool pools = false;
  for (const json_value& value : file->value().as_array(file->name())) {
    const json_section module{value, file->name()};
    const std::string& type = module.string("type");
    const std::string kind = type.substr(type.rfind('.') + 1);
    const std::filesystem::path path = module.string("path");
    if (path.is_absolute() || path.lexically_normal().string().starts_with("..")) {
      module.refuse("path", path.string(), "folders inside the model folder");
    }
    if (kind == "Transformer") {
      if (!path.empty()) module.refuse("path", path.string(), "a transformer in the model folder itself");
    } else if (kind == "Pooling") {
      result.pooling = read_pooling(json_file{folder / path / "config.json"}.root());
      pools = true;
    } else if (kind == "Normalize") {
      result.normalize = true;
    } else {
      module.refuse("type", type, "Transformer, Pooling and Normalize");
    }
  }
  if (!pools) throw load_error{file->name() + " names no Pooling, so the model makes no embeddings of texts"};
}

/// A length limit that some files write as 1e30, meaning none.
inline std::optional<std::size_t> read_limit(const std::optional<json_file>& file, std::string_view field,
                                             std::int64_t largest) {
  if (!file || file->root().find(field) == nullptr) return std::nullopt;
  const std::string subject = file->root().subject(field);
  const double limit = file->root().at(field).as_double(subject);
  if (!(limit >= 3)) throw load_error{subject + " leaves no room for text between [CLS] and [SEP]"};
  return limit < static_cast<double>(largest) ? static_cast<std::size_t>(limit)
                                              : static_cast<std::size_t>(largest);
}

/// sentence-transformers' own limit wins over the tokeniser's; neither may exceed the position table.
inline void read_lengths(const std::filesystem::path& folder, model_config& result) {
  const auto sentence = json_file::if_present(folder / "sentence_bert_config.json");
  const auto tokenizer = json_file::if_present(folder / "tokenizer_config.json");
  if (result.max_positions < 3)
    throw load_error{folder.string() + ": max_position_embeddings must be at least 3"};
  auto limit = read_limit(sentence, "max_seq_length", result.max_positions);
  if (!limit) limit = read_limit(tokenizer, "model_max_length", result.max_positions);
  result.max_tokens = limit.value_or(static_cast<std::size_t>(result.max_positions));
  // This switch lower-cases the text in front of the tokeniser; it changes nothing where the tokeniser does
  // so too.
  if (sentence && sentence->root().boolean("do_lower_case").value_or(false) && !result.tokenizer.lowercase) {
    throw load_error{sentence->root().subject("do_lower_case") + " is true, but the tokeniser keeps case"};
  }
}

/// A prompt that sentence-transformers would put in front of every text by default.
inline void check_prompt(const std::filesystem::path& folder) {
  const auto file = json_file::if_present(folder / "config_sentence_transformers.json");
  if (!file || file->root().find("default_prompt_name") == nullptr) return;
  throw load_error{file->root().subject("default_prompt_name") +
                   " must be null: carpool puts no prompt in front of a text, the caller does"};
}

inline json_file open_config(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder)) throw load_error{folder.string() + " is not a folder"};
  return json_file{folder / "config.json"};
}

/// What embedding models and classifiers have in common.
inline model_config read_text_encoder(const json_section& config, const std::filesystem::path& folder) {
  model_config result;
  read_encoder(config, result);
  result.tokenizer = read_tokenizer_settings(folder);
  read_lengths(folder, result);
  check_prompt(folder);
  return result;
}

}  // namespace detail

/// Reads config.json, tokenizer.json, tokenizer_config.json, sentence_bert_config.json, modules.json and the
/// pooling's config.json of an embedding model's Hugging Face folder; all but the first are optional. Throws
/// `load_error` naming file, field and cause for anything damaged and for anything the encoder does not do:
/// it never runs a model half-understood.
inline model_config read_model_config(const std::filesystem::path& folder) {
  const json_file config = detail::open_config(folder);
  model_config result = detail::read_text_encoder(config.root(), folder);
  detail::refuse_classifier(config.root(), folder);
  detail::read_modules(folder, result);
  return result;
}

/// The same for a folder with a BertForSequenceClassification, such as a cross-encoder's. The result has
/// `classifier`.
inline model_config read_classifier_config(const std::filesystem::path& folder) {
  const json_file config = detail::open_config(folder);
  model_config result = detail::read_text_encoder(config.root(), folder);
  detail::require_classifier(config.root());
  check_pairs(folder, result.tokenizer);
  result.pooling = pooling::cls;
  result.classifier = read_classifier_settings(config.root(), folder);
  return result;
}

/// The one or the other, by what config.json calls the model: `read_classifier_config` for a
/// BertForSequenceClassification that is not meant to make embeddings, else `read_model_config`.
inline model_config read_any_config(const std::filesystem::path& folder) {
  const bool classifies = detail::is_classifier(detail::open_config(folder).root(), folder);
  return classifies ? read_classifier_config(folder) : read_model_config(folder);
}

}  // namespace carpool::bert
