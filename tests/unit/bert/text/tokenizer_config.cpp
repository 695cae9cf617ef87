// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What tokenizer_config.json and added_tokens.json say beside tokenizer.json or vocab.txt; config.cpp has the
// rest.
#include "support/doctest.hpp"
#include "support/refusal_in.hpp"
#include "support/temporary_folder.hpp"
#include <carpool/bert/tokenizer_config.hpp>

#include <string>

using namespace carpool::bert;

namespace {

struct tokenizer_folder : carpool::test::temporary_folder {
  tokenizer_settings read() const { return read_tokenizer_settings(path()); }

  std::string refusal() const {
    return carpool::test::refusal_in(*this, [this] { read(); });
  }

  /// A tokenizer.json with this field, and these of its normalizer.
  void write_tokenizer(const std::string& field, const std::string& normalizer = "") const {
    write("tokenizer.json", "{" + field +
                                R"(, "added_tokens": [{"id": 0, "content": "[PAD]", "special": true}],
      "normalizer": {"type": "BertNormalizer")" +
                                normalizer + R"(}, "pre_tokenizer": {"type": "BertPreTokenizer"},
      "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
      "model": {"type": "WordPiece", "vocab": {}}})");
  }
};

}  // namespace

TEST_CASE("a tokeniser that keeps the end of a text that is too long is refused") {
  const tokenizer_folder folder;
  folder.write_tokenizer(R"("truncation": {"direction": "Right", "max_length": 128})");
  CHECK(folder.refusal() == "accepted");
  folder.write_tokenizer(R"("truncation": {"direction": "Left", "max_length": 128})");
  CHECK(folder.refusal() == R"(tokenizer.json: truncation: direction is "Left", carpool supports Right)");
  folder.write("tokenizer_config.json", R"({"truncation_side": "right"})");
  CHECK(folder.refusal() == "accepted");
  folder.write("tokenizer_config.json", R"({"truncation_side": "left"})");
  CHECK(folder.refusal() == R"(tokenizer_config.json: truncation_side is "left", carpool supports right)");
}

TEST_CASE("tokens that are added in other files than the tokeniser's are refused, unless they are special") {
  const tokenizer_folder folder;
  folder.write("tokenizer_config.json",
               R"({"added_tokens_decoder": {"7": {"content": "[PAD]", "special": true}}})");
  folder.write("added_tokens.json", R"({"[PAD]": 7})");
  CHECK(folder.refusal() == "accepted");
  folder.write("added_tokens.json", R"({"[PAD]": 7, "<mail>": 8})");
  CHECK(folder.refusal() ==
        R"(added_tokens.json: "<mail>" is not a special token, carpool supports no other added tokens)");
  folder.write("tokenizer_config.json",
               R"({"added_tokens_decoder": {"7": {"content": "mail", "special": false}}})");
  CHECK(
      folder.refusal() ==
      R"(tokenizer_config.json: added_tokens_decoder: "mail" is not a special token, carpool supports no other added tokens)");
}

TEST_CASE("a model is told token types, unless the tokeniser has none among what it gives the model") {
  const tokenizer_folder folder;
  CHECK(folder.read().tells_token_types);
  folder.write("tokenizer_config.json", "{}");
  CHECK(folder.read().tells_token_types);
  folder.write("tokenizer_config.json", R"({"model_input_names": ["input_ids", "token_type_ids"]})");
  CHECK(folder.read().tells_token_types);
  folder.write("tokenizer_config.json", R"({"model_input_names": ["input_ids", "attention_mask"]})");
  CHECK_FALSE(folder.read().tells_token_types);
}

TEST_CASE("a switch that contradicts what BertTokenizer takes for one that is left out is refused") {
  const tokenizer_folder folder;
  const std::string other = " contradicts " + folder.path().string() + "/tokenizer_config.json: ";
  folder.write_tokenizer(R"("version": "1.0")", R"(, "lowercase": false)");
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "PreTrainedTokenizerFast"})");
  CHECK(folder.refusal() == "accepted");
  CHECK_FALSE(folder.read().lowercase);
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "BertTokenizerFast"})");
  CHECK(folder.refusal() ==
        "tokenizer.json: normalizer: lowercase" + other + "do_lower_case, which is left out");
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "BertTokenizer", "do_lower_case": false})");
  CHECK(folder.refusal() == "accepted");
  folder.write_tokenizer(R"("version": "1.0")", R"(, "lowercase": false, "strip_accents": true)");
  CHECK(folder.refusal() ==
        "tokenizer.json: normalizer: strip_accents" + other + "strip_accents, which is left out");
}

TEST_CASE("tokens that are other ones in tokenizer_config.json than in tokenizer.json are refused") {
  const tokenizer_folder folder;
  folder.write_tokenizer(R"("version": "1.0")");
  folder.write("tokenizer_config.json", R"({"cls_token": {"content": "[CLS]"}, "unk_token": "[UNK]"})");
  CHECK(folder.refusal() == "accepted");
  folder.write("tokenizer_config.json", R"({"sep_token": "</s>"})");
  CHECK(folder.refusal() == R"(tokenizer_config.json: sep_token is "</s>", but tokenizer.json has "[SEP]")");
}
