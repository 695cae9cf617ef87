// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include "support/refusal_in.hpp"
#include "support/temporary_folder.hpp"
#include <carpool/bert/config.hpp>

#include <filesystem>
#include <string>
#include <string_view>

using namespace carpool::bert;

namespace {

constexpr std::string_view plain_config = R"({
  "model_type": "bert", "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 32,
  "vocab_size": 100, "max_position_embeddings": 64, "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12})";

constexpr std::string_view plain_tokenizer = R"({
  "added_tokens": [{"id": 0, "content": "[PAD]", "special": true, "normalized": false}],
  "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
  "pre_tokenizer": {"type": "BertPreTokenizer"},
  "post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "[CLS]"}}, {"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "[SEP]"}}]},
  "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {}}})";

/// `text` with `from` replaced by `to`.
std::string with(std::string_view text, std::string_view from, std::string_view to) {
  std::string result{text};
  const std::size_t at = result.find(from);
  REQUIRE(at != result.npos);
  return result.replace(at, from.size(), to);
}

struct model_folder : carpool::test::temporary_folder {
  model_folder() { write("config.json", plain_config); }

  model_config read() const { return read_model_config(path()); }

  std::string refusal() const {
    return carpool::test::refusal_in(*this, [this] { read(); });
  }
};

std::string refusal_of_config(std::string_view from, std::string_view to) {
  const model_folder folder;
  folder.write("config.json", with(plain_config, from, to));
  return folder.refusal();
}

std::string refusal_of_tokenizer(std::string_view from, std::string_view to) {
  const model_folder folder;
  folder.write("tokenizer.json", with(plain_tokenizer, from, to));
  return folder.refusal();
}

tokenizer_settings settings_of(std::string_view from, std::string_view to) {
  const model_folder folder;
  folder.write("tokenizer.json", with(plain_tokenizer, from, to));
  return folder.read().tokenizer;
}

}  // namespace

TEST_CASE("all-MiniLM-L6-v2 is read as its folder says") {
  const model_config config = read_model_config(CARPOOL_TEST_MINILM);
  CHECK(config.hidden_size == 384);
  CHECK(config.layers == 6);
  CHECK(config.heads == 12);
  CHECK(config.intermediate_size == 1536);
  CHECK(config.vocab_size == 30522);
  CHECK(config.max_positions == 512);
  CHECK(config.type_vocab_size == 2);
  CHECK(config.layer_norm_eps == 1e-12);
  CHECK(config.activation == activation::gelu);
  CHECK(config.pooling == pooling::mean);
  CHECK(config.normalize);
  CHECK(config.max_tokens == 256);
  CHECK(config.tokenizer.lowercase);
  CHECK(config.tokenizer.strip_accents);
  CHECK(config.tokenizer.special_tokens.size() == 5);
}

TEST_CASE("config.json alone means mean pooling, no normalisation and the model's full length") {
  const model_config config = model_folder{}.read();
  CHECK(config.pooling == pooling::mean);
  CHECK_FALSE(config.normalize);
  CHECK(config.max_tokens == 64);
  CHECK(config.tokenizer.lowercase);
}

TEST_CASE("a folder or config.json that is not there is refused") {
  const carpool::test::temporary_folder empty;
  CHECK_THROWS_WITH_AS(read_model_config("/no/such/folder"), "/no/such/folder is not a folder", load_error);
  CHECK_THROWS_WITH_AS(
      read_model_config(empty.path()),
      (empty.path().string() + "/config.json cannot be opened: No such file or directory").c_str(),
      load_error);
}

TEST_CASE("architectures other than BERT are refused by name, those that borrow its name too") {
  CHECK(refusal_of_config(R"("bert")", R"("distilbert")") ==
        R"(config.json: model_type is "distilbert", carpool supports bert)");
  CHECK(refusal_of_config(R"("model_type": "bert",)", "") == "config.json: model_type is missing");
  CHECK(refusal_of_config("{", R"({"position_embedding_type": "alibi", )") ==
        R"(config.json: position_embedding_type is "alibi", carpool supports absolute)");
  CHECK(
      refusal_of_config("{", R"({"architectures": ["JinaBertForMaskedLM"], )") ==
      R"(config.json: architectures is "JinaBertForMaskedLM", carpool supports BertModel and its siblings)");
  CHECK(refusal_of_config(
            "{", R"({"architectures": ["BertForMaskedLM"], "position_embedding_type": "absolute", )") ==
        "accepted");
  CHECK(refusal_of_config("{", R"({"is_decoder": true, )") == "config.json: is_decoder must be false");
}

TEST_CASE("sizes that are missing, wrong or out of range are refused") {
  CHECK(refusal_of_config(R"("hidden_size": 8,)", "") == "config.json: hidden_size is missing");
  CHECK(refusal_of_config(R"("hidden_size": 8)", R"("hidden_size": 0)") ==
        "config.json: hidden_size is 0, but must be from 1 to 65536");
  CHECK(refusal_of_config(R"("hidden_size": 8)", R"("hidden_size": 65537)") ==
        "config.json: hidden_size is 65537, but must be from 1 to 65536");
  CHECK(refusal_of_config(R"("hidden_size": 8)", R"("hidden_size": 8.0)") ==
        R"(config.json: hidden_size must be an integer in range, but is "8.0")");
  CHECK(refusal_of_config(R"("hidden_size": 8)", R"("hidden_size": 10)") ==
        "config.json: hidden_size 10 is not a multiple of num_attention_heads 4");
  CHECK(refusal_of_config(R"("vocab_size": 100)", R"("vocab_size": 99999999999)") ==
        "config.json: vocab_size is 99999999999, but must be from 1 to 16777216");
  CHECK(refusal_of_config("1e-12", "0") == "config.json: layer_norm_eps must be between 0 and 1");
  CHECK(refusal_of_config("1e-12", "-1e-5") == "config.json: layer_norm_eps must be between 0 and 1");
  CHECK(refusal_of_config("{", "[") != "accepted");
}

TEST_CASE("the two forms of GELU are told apart, other activations refused") {
  const auto activation_of = [](std::string_view name) {
    const model_folder folder;
    folder.write("config.json", with(plain_config, R"("gelu")", name));
    return folder.read().activation;
  };
  CHECK(activation_of(R"("gelu")") == activation::gelu);
  CHECK(activation_of(R"("gelu_new")") == activation::gelu_tanh);
  CHECK(activation_of(R"("gelu_pytorch_tanh")") == activation::gelu_tanh);
  CHECK(refusal_of_config(R"("gelu")", R"("relu")") ==
        R"(config.json: hidden_act is "relu", carpool supports gelu, gelu_new and gelu_pytorch_tanh)");
}

TEST_CASE(
    "the length limit is sentence-transformers', else the tokeniser's, never above the position table") {
  const model_folder folder;
  folder.write("tokenizer_config.json", R"({"model_max_length": 1e30})");
  CHECK(folder.read().max_tokens == 64);
  folder.write("tokenizer_config.json", R"({"model_max_length": 1000000000000000019884624838656})");
  CHECK(folder.read().max_tokens == 64);
  folder.write("tokenizer_config.json", R"({"model_max_length": 32})");
  CHECK(folder.read().max_tokens == 32);
  folder.write("sentence_bert_config.json", R"({"max_seq_length": null})");
  CHECK(folder.read().max_tokens == 32);
  folder.write("sentence_bert_config.json", R"({"max_seq_length": 48})");
  CHECK(folder.read().max_tokens == 48);
  folder.write("sentence_bert_config.json", R"({"max_seq_length": 65})");
  CHECK(folder.read().max_tokens == 64);
  for (const char* limit : {"2", "0", "-1", "-1e30"}) {
    folder.write("sentence_bert_config.json", std::string{R"({"max_seq_length": )"} + limit + "}");
    CHECK(folder.refusal() ==
          "sentence_bert_config.json: max_seq_length leaves no room for text between [CLS] and [SEP]");
  }
}

TEST_CASE("modules.json gives pooling and normalisation, by old and new names") {
  const model_folder folder;
  folder.write("modules.json", R"([{"type": "sentence_transformers.models.Transformer", "path": ""},
                                   {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}])");
  folder.write(
      "1_Pooling/config.json",
      R"({"word_embedding_dimension": 8, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})");
  CHECK(folder.read().pooling == pooling::cls);
  CHECK_FALSE(folder.read().normalize);
  folder.write("modules.json",
               R"([{"type": "sentence_transformers.base.modules.transformer.Transformer", "path": ""},
                                   {"type": "sentence_transformers.sentence_transformer.modules.pooling.Pooling", "path": "1_Pooling"},
                                   {"type": "sentence_transformers.base.modules.normalize.Normalize", "path": "2_Normalize"}])");
  folder.write("1_Pooling/config.json", R"({"pooling_mode": "mean"})");
  CHECK(folder.read().pooling == pooling::mean);
  CHECK(folder.read().normalize);
}

TEST_CASE("pooling_mode wins over the older flags beside it, as in sentence-transformers") {
  const model_folder folder;
  folder.write("modules.json", R"([{"type": "a.Pooling", "path": "1_Pooling"}])");
  folder.write("1_Pooling/config.json", R"({"pooling_mode": "cls", "pooling_mode_mean_tokens": true})");
  CHECK(folder.read().pooling == pooling::cls);
}

TEST_CASE("modules without pooling, as of models that give vectors of tokens, are refused") {
  const model_folder folder;
  for (const char* modules :
       {"[]", R"([{"type": "a.Transformer", "path": ""}, {"type": "a.Normalize", "path": ""}])"}) {
    folder.write("modules.json", modules);
    CHECK(folder.refusal() == "modules.json names no Pooling, so the model makes no embeddings of texts");
  }
}

TEST_CASE("a link to a file that is missing is no missing file: the model would be understood by half") {
  const model_folder folder;
  std::filesystem::create_symlink("../blobs/0123", folder.path() / "modules.json");
  CHECK(folder.refusal() == "modules.json cannot be opened: No such file or directory");
  std::filesystem::create_symlink("tokenizer.json", folder.path() / "tokenizer.json");
  CHECK(folder.refusal() == "tokenizer.json cannot be opened: Too many levels of symbolic links");
}

TEST_CASE("other pooling and other modules are refused by name") {
  const model_folder folder;
  folder.write("modules.json", R"([{"type": "a.Pooling", "path": "1_Pooling"}])");
  CHECK(folder.refusal() == "1_Pooling/config.json cannot be opened: No such file or directory");
  const auto refusal_of_pooling = [&](std::string_view config) {
    folder.write("1_Pooling/config.json", config);
    return folder.refusal();
  };
  CHECK(refusal_of_pooling(R"({"pooling_mode_max_tokens": true})") ==
        R"(1_Pooling/config.json: pooling_mode is "max_tokens", carpool supports mean or cls)");
  CHECK(refusal_of_pooling(R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true})") ==
        R"(1_Pooling/config.json: pooling_mode is "cls_token+mean_tokens", carpool supports mean or cls)");
  CHECK(refusal_of_pooling(R"({"pooling_mode": "lasttoken"})") ==
        R"(1_Pooling/config.json: pooling_mode is "lasttoken", carpool supports mean or cls)");
  CHECK(refusal_of_pooling("{}") ==
        R"(1_Pooling/config.json: pooling_mode is "", carpool supports mean or cls)");
  folder.write("modules.json", R"([{"type": "sentence_transformers.models.Dense", "path": "2_Dense"}])");
  CHECK(
      folder.refusal() ==
      R"(modules.json: type is "sentence_transformers.models.Dense", carpool supports Transformer, Pooling and Normalize)");
  folder.write("modules.json", R"([{"type": "a.Transformer", "path": "0_Transformer"}])");
  CHECK(
      folder.refusal() ==
      R"(modules.json: path is "0_Transformer", carpool supports a transformer in the model folder itself)");
  for (const char* path : {"../other", "a/../../other", "/etc"}) {
    folder.write("modules.json", std::string{R"([{"type": "a.Pooling", "path": ")"} + path + "\"}]");
    CHECK(folder.refusal().ends_with("carpool supports folders inside the model folder"));
  }
}

TEST_CASE("tokenizer.json's switches are read, and null accents follow the case") {
  CHECK(settings_of("null", "null").strip_accents);
  CHECK_FALSE(settings_of(R"("lowercase": true)", R"("lowercase": false)").strip_accents);
  CHECK_FALSE(settings_of(R"("lowercase": true)", R"("lowercase": false)").lowercase);
  CHECK_FALSE(settings_of("null", "false").strip_accents);
  CHECK_FALSE(settings_of(R"("handle_chinese_chars": true)", R"("handle_chinese_chars": false)")
                  .split_chinese_characters);
  CHECK(settings_of("[CLS]", "<cls>").cls_token == "<cls>");
  CHECK(settings_of(R"("[UNK]")", R"("<unk>")").unknown_token == "<unk>");
}

TEST_CASE(
    "tokenizer.json's decoder says whether spaces in front of punctuation are taken out; if there is none, "
    "they are") {
  const auto cleans_up = [](std::string_view decoder) {
    return settings_of(R"("pre_tokenizer")", std::string{decoder} + R"("pre_tokenizer")").clean_up;
  };
  CHECK(cleans_up(""));
  CHECK(cleans_up(R"("decoder": null, )"));
  CHECK(cleans_up(R"("decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true}, )"));
  CHECK_FALSE(cleans_up(R"("decoder": {"type": "WordPiece", "prefix": "##", "cleanup": false}, )"));
}

TEST_CASE("the older post-processor of tokenizer.json is read too") {
  const model_folder folder;
  std::string text{plain_tokenizer};
  const std::size_t begin = text.find(R"({"type": "TemplateProcessing")");
  text.replace(begin, text.find("]}", begin) + 2 - begin,
               R"({"type": "BertProcessing", "sep": ["</s>", 3], "cls": ["<s>", 2]})");
  folder.write("tokenizer.json", text);
  CHECK(folder.read().tokenizer.cls_token == "<s>");
  CHECK(folder.read().tokenizer.sep_token == "</s>");
}

TEST_CASE("tokenisers of other kinds are refused by name") {
  CHECK(refusal_of_tokenizer("WordPiece", "BPE") ==
        R"(tokenizer.json: model: type is "BPE", carpool supports WordPiece)");
  CHECK(refusal_of_tokenizer(R"("##")", R"("@@")") ==
        R"(tokenizer.json: model: continuing_subword_prefix is "@@", carpool supports "##")");
  CHECK(refusal_of_tokenizer("100", "200") == "tokenizer.json: model: max_input_chars_per_word must be 100");
  CHECK(refusal_of_tokenizer("BertNormalizer", "NFKC") ==
        R"(tokenizer.json: normalizer: type is "NFKC", carpool supports BertNormalizer)");
  CHECK(refusal_of_tokenizer(R"("clean_text": true)", R"("clean_text": false)") ==
        "tokenizer.json: normalizer: clean_text must be true");
  CHECK(refusal_of_tokenizer("BertPreTokenizer", "Metaspace") ==
        R"(tokenizer.json: pre_tokenizer: type is "Metaspace", carpool supports BertPreTokenizer)");
  CHECK(
      refusal_of_tokenizer("TemplateProcessing", "RobertaProcessing") ==
      R"(tokenizer.json: post_processor: type is "RobertaProcessing", carpool supports TemplateProcessing and BertProcessing)");
  CHECK(refusal_of_tokenizer(R"({"Sequence": {"id": "A"}}, )", "") ==
        "tokenizer.json: post_processor: single must be a token, the text and a token");
  CHECK(
      refusal_of_tokenizer(R"("special": true)", R"("special": false)") ==
      R"(tokenizer.json: added_tokens: "[PAD]" is not a special token, carpool supports no other added tokens)");
  CHECK(refusal_of_tokenizer(R"("normalized": false)", R"("lstrip": true)") ==
        R"(tokenizer.json: added_tokens: "[PAD]" has the option lstrip, which carpool does not support)");
}

TEST_CASE("without tokenizer.json, tokenizer_config.json gives the switches and the tokens") {
  const model_folder folder;
  folder.write("tokenizer_config.json",
               R"({"do_lower_case": false, "strip_accents": true, "tokenize_chinese_chars": false,
                                            "cls_token": {"content": "<cls>"}, "sep_token": "<sep>", "mask_token": null})");
  const tokenizer_settings settings = folder.read().tokenizer;
  CHECK_FALSE(settings.lowercase);
  CHECK(settings.strip_accents);
  CHECK_FALSE(settings.split_chinese_characters);
  CHECK(settings.cls_token == "<cls>");
  CHECK(settings.special_tokens == std::vector<std::string>{"[UNK]", "<cls>", "<sep>", "[PAD]", "[MASK]"});
}

TEST_CASE("tokeniser files that contradict each other are refused") {
  const model_folder folder;
  folder.write("tokenizer.json", plain_tokenizer);
  folder.write("tokenizer_config.json", R"({"do_lower_case": false})");
  const std::string place = folder.path().string();
  CHECK(folder.refusal() == "tokenizer.json: normalizer: lowercase contradicts " + place +
                                "/tokenizer_config.json: do_lower_case");
  folder.write("tokenizer_config.json", R"({"do_lower_case": true, "strip_accents": null})");
  CHECK(folder.refusal() == "accepted");
}

TEST_CASE("lower-casing in front of a tokeniser that keeps case is refused") {
  const model_folder folder;
  folder.write("sentence_bert_config.json", R"({"do_lower_case": true})");
  CHECK(folder.refusal() == "accepted");
  folder.write("tokenizer_config.json", R"({"do_lower_case": false})");
  CHECK(folder.refusal() == "sentence_bert_config.json: do_lower_case is true, but the tokeniser keeps case");
}

TEST_CASE("a prompt that would be put in front of every text is refused") {
  const model_folder folder;
  folder.write("config_sentence_transformers.json",
               R"({"prompts": {"query": "q: "}, "default_prompt_name": null})");
  CHECK(folder.refusal() == "accepted");
  folder.write("config_sentence_transformers.json",
               R"({"prompts": {"query": "q: "}, "default_prompt_name": "query"})");
  CHECK(folder.refusal() ==
        "config_sentence_transformers.json: default_prompt_name must be null: carpool puts no prompt in "
        "front of a "
        "text, the caller does");
}
