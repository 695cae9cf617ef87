// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/error.hpp>
#include <carpool/bert/json_file.hpp>
#include <carpool/bert/json_reader.hpp>
#include <carpool/bert/prediction.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carpool::bert {

/// What a model folder says about a classifier's outputs.
struct classifier_settings {
  std::vector<std::string> labels;  ///< their names, in the order of the logits; at least one
  bert::score_function score_function = score_function::sigmoid;
};

namespace detail {

constexpr std::int64_t most_labels = 1 << 16;

/// `id2label`, {"0": name, "1": name, ...}, in the order of the numbers.
inline std::vector<std::string> read_id2label(const json_section& config) {
  const std::string subject = config.subject("id2label");
  const json_value::object& names = config.at("id2label").as_object(subject);
  if (names.empty() || names.size() > static_cast<std::size_t>(most_labels))
    throw load_error{subject + " must have from 1 to " + std::to_string(most_labels) + " labels"};
  std::vector<std::string> labels;
  for (std::size_t id = 0; id < names.size(); ++id) {
    const auto found = names.find(std::to_string(id));
    if (found == names.end())
      throw load_error{subject + " has no label " + std::to_string(id) + ", but " +
                       std::to_string(names.size()) + " labels"};
    labels.push_back(found->second.as_string(subject + ": " + std::to_string(id)));
  }
  return labels;
}

/// `label2id` says the same again, the other way round.
inline void check_label2id(const json_section& config, const std::vector<std::string>& labels) {
  if (config.find("label2id") == nullptr) return;
  const std::string subject = config.subject("label2id");
  for (const auto& [name, value] : config.at("label2id").as_object(subject)) {
    const std::int64_t id = value.as_integer(subject + ": " + in_quotes(name));
    if (id >= 0 && id < static_cast<std::int64_t>(labels.size()) &&
        labels[static_cast<std::size_t>(id)] == name)
      continue;
    throw load_error{subject + ": " + in_quotes(name) + " is " + std::to_string(id) +
                     ", which contradicts id2label"};
  }
}

/// Names and number of the labels. Without names they are LABEL_0, LABEL_1, ..., and without a number there
/// are two: what transformers leaves out when it writes a config.json.
inline std::vector<std::string> read_labels(const json_section& config) {
  std::optional<std::int64_t> count;
  if (config.find("num_labels") != nullptr) count = config.size("num_labels", most_labels);
  std::vector<std::string> labels;
  if (config.find("id2label") != nullptr) {
    labels = read_id2label(config);
    if (count && *count != static_cast<std::int64_t>(labels.size()))
      throw load_error{config.subject("num_labels") + " is " + std::to_string(*count) +
                       ", but id2label has " + std::to_string(labels.size())};
  } else {
    for (std::int64_t id = 0; id < count.value_or(2); ++id) labels.push_back("LABEL_" + std::to_string(id));
  }
  check_label2id(config, labels);
  return labels;
}

/// The name of a class of PyTorch's, as sentence-transformers writes it.
inline score_function named_score_function(const json_section& section, std::string_view field) {
  const std::string& path = section.string(field);
  const std::string name = path.substr(path.rfind('.') + 1);
  if (path.starts_with("torch.nn.modules.")) {
    if (name == "Identity") return score_function::identity;
    if (name == "Sigmoid") return score_function::sigmoid;
  }
  section.refuse(field, path, "torch.nn.modules.linear.Identity and torch.nn.modules.activation.Sigmoid");
}

/// What the folder of a cross-encoder names, in the three places that versions of sentence-transformers have
/// used, the newest first.
inline std::optional<score_function> cross_encoder_score_function(const json_section& config,
                                                                  const std::filesystem::path& folder) {
  if (const auto file = json_file::if_present(folder / "config_sentence_transformers.json")) {
    if (file->root().find("activation_fn") != nullptr)
      return named_score_function(file->root(), "activation_fn");
  }
  if (config.find("sentence_transformers") != nullptr) {
    const json_section section = config.section("sentence_transformers");
    if (section.find("activation_fn") != nullptr) return named_score_function(section, "activation_fn");
  }
  constexpr std::string_view old = "sbert_ce_default_activation_function";
  if (config.find(old) != nullptr) return named_score_function(config, old);
  return std::nullopt;
}

/// A cross-encoder's own choice wins; else the choice of transformers' text classification pipeline.
inline score_function read_score_function(const json_section& config, const std::filesystem::path& folder,
                                          std::size_t labels) {
  const std::string problem = config.string_or("problem_type", "");
  const bool single = problem == "single_label_classification";
  if (!problem.empty() && !single && problem != "multi_label_classification" && problem != "regression") {
    config.refuse("problem_type", problem,
                  "regression, single_label_classification and multi_label_classification");
  }
  if (const auto chosen = cross_encoder_score_function(config, folder)) return *chosen;
  if (problem == "regression") return score_function::identity;
  if (problem == "multi_label_classification" || labels == 1) return score_function::sigmoid;
  return score_function::softmax;
}

/// sentence-transformers lists modules for a cross-encoder, too: the transformer, which brings its own head,
/// and nothing else.
inline void check_classifier_modules(const std::filesystem::path& folder) {
  const auto file = json_file::if_present(folder / "modules.json");
  if (!file) return;
  for (const json_value& value : file->value().as_array(file->name())) {
    const json_section module{value, file->name()};
    const std::string& type = module.string("type");
    if (!type.ends_with(".Transformer"))
      module.refuse("type", type, "Transformer only, in a classifier's folder");
    if (!module.string("path").empty())
      module.refuse("path", module.string("path"), "a transformer in the model folder itself");
  }
}

}  // namespace detail

/// Reads labels and score function of a classifier from its config.json, given as `config`, and what
/// sentence-transformers adds to a cross-encoder's folder. Throws `load_error` naming file, field and cause,
/// also when the folder holds no BertForSequenceClassification.
inline classifier_settings read_classifier_settings(const json_section& config,
                                                    const std::filesystem::path& folder) {
  detail::check_classifier_modules(folder);
  classifier_settings result;
  result.labels = detail::read_labels(config);
  result.score_function = detail::read_score_function(config, folder, result.labels.size());
  return result;
}

}  // namespace carpool::bert
