// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/error.hpp>
#include <carpool/bert/json_file.hpp>
#include <carpool/bert/json_reader.hpp>
#include <carpool/bert/mapped_file.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carpool::bert {

/// How text becomes words and which tokens have a meaning of their own.
struct tokenizer_settings {
  bool lowercase = true;
  bool strip_accents = true;  ///< resolved: null in the file means "as lowercase"
  bool split_chinese_characters = true;
  std::string unknown_token = "[UNK]";
  std::string cls_token = "[CLS]";
  std::string sep_token = "[SEP]";
  /// Matched literally in the text, but only by `special_tokens::parse`.
  std::vector<std::string> special_tokens = {"[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"};
  /// Whether the second text of a pair is of another token type than the first.
  bool tells_token_types = true;
  /// Whether decoding takes out the spaces that do not belong in front of punctuation.
  bool clean_up = true;
};

namespace detail {

/// tokenizer_config.json writes a token as a string or as {"content": ...}.
inline std::string token_or(const std::optional<json_section>& file, std::string_view field,
                            std::string_view otherwise) {
  const json_value* found = file ? file->find(field) : nullptr;
  if (found == nullptr) return std::string{otherwise};
  return found->is_object() ? file->section(field).string("content") : file->string(field);
}

/// A switch of the normalizer: what tokenizer.json says, else what tokenizer_config.json says, else
/// `otherwise`. Two files that contradict each other are refused, because loaders differ in which one they
/// believe; a file that names transformers' BertTokenizer also says what is left out.
inline bool normalizer_switch(const std::optional<json_section>& normalizer, std::string_view field,
                              const std::optional<json_section>& config, std::string_view config_field,
                              bool otherwise) {
  const std::optional<bool> second = config ? config->boolean(config_field) : std::nullopt;
  const bool other = second ? *second : otherwise;
  const std::optional<bool> first = normalizer ? normalizer->boolean(field) : std::nullopt;
  if (!first || *first == other) return other;
  const bool complete = config && config->string_or("tokenizer_class", "").starts_with("BertTokenizer");
  if (!second && !complete) return *first;
  throw load_error{normalizer->subject(field) + " contradicts " + config->subject(config_field) +
                   (second ? "" : ", which is left out")};
}

/// Throws where tokenizer_config.json names another token than `token`, which tokenizer.json has.
inline void check_token(const std::optional<json_section>& config, std::string_view field,
                        std::string_view token) {
  const std::string other = token_or(config, field, token);
  if (other == token) return;
  throw load_error{config->subject(field) + " is " + in_quotes(other) + ", but tokenizer.json has " +
                   in_quotes(token)};
}

/// [CLS] and [SEP] as tokenizer.json's post-processor adds them: `[CLS] text [SEP]` and nothing else.
inline void read_post_processor(const json_section& post, tokenizer_settings& settings) {
  const std::string& type = post.string("type");
  if (type == "BertProcessing") {
    const auto token = [&](std::string_view field) {
      const json_value::array& pair = post.at(field).as_array(post.subject(field));
      if (pair.size() != 2) throw load_error{post.subject(field) + " must be a token and its id"};
      return pair[0].as_string(post.subject(field));
    };
    settings.cls_token = token("cls");
    settings.sep_token = token("sep");
    return;
  }
  if (type != "TemplateProcessing") post.refuse("type", type, "TemplateProcessing and BertProcessing");
  const std::string subject = post.subject("single");
  const json_value::array& parts = post.at("single").as_array(subject);
  if (parts.size() != 3 || parts[1].find("Sequence") == nullptr) {
    throw load_error{subject + " must be a token, the text and a token"};
  }
  const auto token = [&](const json_value& part) {
    return json_section{part, subject}.section("SpecialToken").string("id");
  };
  settings.cls_token = token(parts[0]);
  settings.sep_token = token(parts[2]);
}

/// `[CLS] A [SEP] B [SEP]`, with token type 1 for B and its [SEP]. BertProcessing means that by itself.
inline void check_pair_template(const json_section& post, const tokenizer_settings& settings) {
  if (post.string("type") == "BertProcessing") return;
  struct part {
    std::string_view kind;
    std::string_view id;
    std::int64_t type;
  };
  const part expected[] = {{"SpecialToken", settings.cls_token, 0},
                           {"Sequence", "A", 0},
                           {"SpecialToken", settings.sep_token, 0},
                           {"Sequence", "B", 1},
                           {"SpecialToken", settings.sep_token, 1}};
  const std::string subject = post.subject("pair");
  const auto equal = [&](const json_value& found, const part& wanted) {
    const json_value* token = found.find(wanted.kind);
    if (token == nullptr) return false;
    const json_section fields{*token, subject};
    return fields.string("id") == wanted.id &&
           fields.at("type_id").as_integer(fields.subject("type_id")) == wanted.type;
  };
  const json_value::array& parts = post.at("pair").as_array(subject);
  if (!std::equal(parts.begin(), parts.end(), std::begin(expected), std::end(expected), equal))
    throw load_error{subject + " must be [CLS], A and [SEP] of type 0, then B and [SEP] of type 1"};
}

/// Tokens outside the plain algorithm: all must be special tokens that match anywhere, exactly as written.
inline std::vector<std::string> read_added_tokens(const json_section& root) {
  std::vector<std::string> result;
  if (root.find("added_tokens") == nullptr) return result;
  const std::string subject = root.subject("added_tokens");
  for (const json_value& value : root.at("added_tokens").as_array(subject)) {
    const json_section token{value, subject};
    const std::string& content = token.string("content");
    if (content.empty()) throw load_error{subject + " has a token without text"};
    if (!token.boolean("special").value_or(false)) {
      throw load_error{subject + ": " + in_quotes(content) +
                       " is not a special token, carpool supports no other added tokens"};
    }
    for (const char* option : {"normalized", "single_word", "lstrip", "rstrip"}) {
      if (!token.boolean(option).value_or(false)) continue;
      throw load_error{subject + ": " + in_quotes(content) + " has the option " + option +
                       ", which carpool does not support"};
    }
    result.push_back(content);
  }
  return result;
}

/// The tokens that transformers adds to those of the tokeniser's own file. Special ones are no part of any
/// text unless the text is parsed for them, and then those of the file count; others would be cut out of
/// texts.
inline void check_more_tokens(const std::filesystem::path& folder, const std::optional<json_section>& config,
                              const tokenizer_settings& settings) {
  const auto refuse = [](const std::string& subject, std::string_view token) {
    throw load_error{subject + ": " + in_quotes(token) +
                     " is not a special token, carpool supports no other added tokens"};
  };
  if (config && config->find("added_tokens_decoder") != nullptr) {
    const std::string subject = config->subject("added_tokens_decoder");
    for (const auto& [id, value] : config->at("added_tokens_decoder").as_object(subject)) {
      const json_section token{value, subject + ": " + id};
      if (!token.boolean("special").value_or(false)) refuse(subject, token.string("content"));
    }
  }
  const auto file = json_file::if_present(folder / "added_tokens.json");
  if (!file) return;
  for (const auto& [token, id] : file->value().as_object(file->name())) {
    if (std::ranges::find(settings.special_tokens, token) == settings.special_tokens.end())
      refuse(file->name(), token);
  }
}

/// carpool keeps the beginning of a text that is too long. tokenizer_config.json wins, as in transformers.
inline void check_truncation(const std::optional<json_section>& tokenizer,
                             const std::optional<json_section>& config) {
  if (config && config->find("truncation_side") != nullptr) {
    const std::string& side = config->string("truncation_side");
    if (side != "right") config->refuse("truncation_side", side, "right");
  } else if (tokenizer && tokenizer->find("truncation") != nullptr) {
    const json_section truncation = tokenizer->section("truncation");
    const std::string direction = truncation.string_or("direction", "Right");
    if (direction != "Right") truncation.refuse("direction", direction, "Right");
  }
}

/// Where the model is not told token types, all tokens are of type 0.
inline bool tells_token_types(const std::optional<json_section>& config) {
  if (!config || config->find("model_input_names") == nullptr) return true;
  const std::string subject = config->subject("model_input_names");
  return std::ranges::any_of(config->at("model_input_names").as_array(subject), [&](const json_value& name) {
    return name.as_string(subject) == "token_type_ids";
  });
}

/// What the decoder says about it, if there is one; null is none.
inline bool cleans_up(const json_section& root) {
  const json_value* decoder = root.find("decoder");
  if (decoder == nullptr || !decoder->is_object()) return true;
  return root.section("decoder").boolean("cleanup").value_or(true);
}

/// Refuses a tokenizer.json that describes anything but BERT's own algorithm.
inline void check_algorithm(const json_section& root) {
  const json_section model = root.section("model");
  const std::string type = model.string_or("type", "WordPiece");
  if (type != "WordPiece") model.refuse("type", type, "WordPiece");
  const std::string prefix = model.string_or("continuing_subword_prefix", "##");
  if (prefix != "##") model.refuse("continuing_subword_prefix", prefix, "\"##\"");
  const json_value* longest = model.find("max_input_chars_per_word");
  const std::string limit = model.subject("max_input_chars_per_word");
  if (longest != nullptr && longest->as_integer(limit) != 100) throw load_error{limit + " must be 100"};
  const json_section normalizer = root.section("normalizer");
  if (normalizer.string("type") != "BertNormalizer") {
    normalizer.refuse("type", normalizer.string("type"), "BertNormalizer");
  }
  if (!normalizer.boolean("clean_text").value_or(true))
    throw load_error{normalizer.subject("clean_text") + " must be true"};
  const json_section splitter = root.section("pre_tokenizer");
  if (splitter.string("type") != "BertPreTokenizer")
    splitter.refuse("type", splitter.string("type"), "BertPreTokenizer");
}

}  // namespace detail

/// Reads the tokeniser's settings from tokenizer.json and tokenizer_config.json, each if present. What
/// carpool's tokeniser does not do is refused by name. How long tokenizer.json itself cuts and pads texts is
/// ignored, as sentence-transformers ignores it.
inline tokenizer_settings read_tokenizer_settings(const std::filesystem::path& folder) {
  const auto config_file = json_file::if_present(folder / "tokenizer_config.json");
  const auto tokenizer_file = json_file::if_present(folder / "tokenizer.json");
  const auto config = config_file ? std::optional{config_file->root()} : std::nullopt;
  std::optional<json_section> normalizer;
  tokenizer_settings settings;
  settings.unknown_token = detail::token_or(config, "unk_token", settings.unknown_token);
  settings.cls_token = detail::token_or(config, "cls_token", settings.cls_token);
  settings.sep_token = detail::token_or(config, "sep_token", settings.sep_token);
  if (tokenizer_file) {
    const json_section root = tokenizer_file->root();
    detail::check_algorithm(root);
    normalizer = root.section("normalizer");
    settings.unknown_token = root.section("model").string_or("unk_token", settings.unknown_token);
    settings.special_tokens = detail::read_added_tokens(root);
    detail::read_post_processor(root.section("post_processor"), settings);
    detail::check_token(config, "unk_token", settings.unknown_token);
    detail::check_token(config, "cls_token", settings.cls_token);
    detail::check_token(config, "sep_token", settings.sep_token);
    settings.clean_up = detail::cleans_up(root);
  } else {
    settings.special_tokens = {settings.unknown_token, settings.cls_token, settings.sep_token,
                               detail::token_or(config, "pad_token", "[PAD]"),
                               detail::token_or(config, "mask_token", "[MASK]")};
  }
  settings.lowercase = detail::normalizer_switch(normalizer, "lowercase", config, "do_lower_case", true);
  settings.strip_accents =
      detail::normalizer_switch(normalizer, "strip_accents", config, "strip_accents", settings.lowercase);
  settings.split_chinese_characters =
      detail::normalizer_switch(normalizer, "handle_chinese_chars", config, "tokenize_chinese_chars", true);
  settings.tells_token_types = detail::tells_token_types(config);
  detail::check_truncation(tokenizer_file ? std::optional{tokenizer_file->root()} : std::nullopt, config);
  detail::check_more_tokens(folder, config, settings);
  return settings;
}

/// Refuses a folder whose tokenizer.json puts pairs of texts together in another way than BERT. `settings`
/// are the folder's own.
inline void check_pairs(const std::filesystem::path& folder, const tokenizer_settings& settings) {
  const auto file = json_file::if_present(folder / "tokenizer.json");
  if (file) detail::check_pair_template(file->root().section("post_processor"), settings);
}

}  // namespace carpool::bert
