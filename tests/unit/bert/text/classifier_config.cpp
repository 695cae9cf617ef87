// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include "support/refusal_in.hpp"
#include "support/temporary_folder.hpp"
#include <carpool/bert/config.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

using namespace carpool::bert;

namespace {

using names = std::vector<std::string>;

const std::filesystem::path goldens = std::filesystem::path{CARPOOL_TEST_GOLDENS} / "classifier";

/// A folder whose config.json has these fields besides those of the encoder.
struct model_folder : carpool::test::temporary_folder {
  explicit model_folder(const std::string& fields = {}) { config(fields); }

  void config(const std::string& fields) const {
    write("config.json", R"({"model_type": "bert", "hidden_size": 8, "num_hidden_layers": 2,
      "num_attention_heads": 4, "intermediate_size": 32, "vocab_size": 100, "max_position_embeddings": 64,
      "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12)" +
                             (fields.empty() ? "" : ", " + fields) + "}");
  }

  classifier_settings read() const { return read_classifier_config(path()).classifier.value(); }

  std::string refusal() const {
    return carpool::test::refusal_in(*this, [this] { read(); });
  }
};

names labels(const std::string& fields) { return model_folder{fields}.read().labels; }
score_function function(const std::string& fields) { return model_folder{fields}.read().score_function; }
std::string refusal(const std::string& fields) { return model_folder{fields}.refusal(); }

}  // namespace

TEST_CASE("folders of transformers and of sentence-transformers are read as they say") {
  const model_config topics = read_classifier_config(goldens / "topics");
  CHECK(topics.classifier->labels == names{"traffic", "food", "weather"});
  CHECK(topics.classifier->score_function == score_function::softmax);
  CHECK(topics.pooling == pooling::cls);
  CHECK_FALSE(topics.normalize);
  CHECK(topics.max_tokens == 24);
  CHECK(read_classifier_config(goldens / "tags").classifier->score_function == score_function::sigmoid);
  const model_config reranker = read_classifier_config(goldens / "reranker");
  CHECK(reranker.classifier->labels == names{"LABEL_0"});
  CHECK(reranker.classifier->score_function == score_function::sigmoid);
}

TEST_CASE("an embedding model's configuration has no classifier") {
  CHECK_FALSE(read_model_config(model_folder{}.path()).classifier);
}

TEST_CASE("labels have the names of id2label, else LABEL_0 and so on, of which there are two or num_labels") {
  CHECK(labels(R"("id2label": {"1": "no", "0": "yes"})") == names{"yes", "no"});
  CHECK(labels("") == names{"LABEL_0", "LABEL_1"});
  CHECK(labels(R"("num_labels": 3)") == names{"LABEL_0", "LABEL_1", "LABEL_2"});
  CHECK(labels(R"("num_labels": 1, "id2label": {"0": "yes"}, "label2id": {"yes": 0})") == names{"yes"});
  CHECK(labels(R"("id2label": null, "label2id": null)").size() == 2);
  std::string many;
  for (int id = 0; id < 11; ++id)
    many += (id == 0 ? "\"" : ", \"") + std::to_string(id) + "\": \"" + std::to_string(100 - id) + "\"";
  CHECK(labels("\"id2label\": {" + many + "}")[10] == "90");
}

TEST_CASE("labels that are damaged or contradict each other are refused") {
  CHECK(refusal(R"("id2label": {})") == "config.json: id2label must have from 1 to 65536 labels");
  CHECK(refusal(R"("id2label": {"0": "a", "2": "b"})") ==
        "config.json: id2label has no label 1, but 2 labels");
  CHECK(refusal(R"("id2label": {"00": "a"})") == "config.json: id2label has no label 0, but 1 labels");
  CHECK(refusal(R"("id2label": {"0": 7})") == "config.json: id2label: 0 must be a string, but is a number");
  CHECK(refusal(R"("id2label": ["a"])") == "config.json: id2label must be an object, but is an array");
  CHECK(refusal(R"("num_labels": 3, "id2label": {"0": "a"})") ==
        "config.json: num_labels is 3, but id2label has 1");
  CHECK(refusal(R"("num_labels": 0)") == "config.json: num_labels is 0, but must be from 1 to 65536");
  for (const char* id : {"1", "-1", "2"}) {
    CHECK(refusal(R"("id2label": {"0": "a", "1": "b"}, "label2id": {"a": )" + std::string{id} + "}") ==
          std::string{"config.json: label2id: \"a\" is "} + id + ", which contradicts id2label");
  }
}

TEST_CASE("scores are made as transformers makes them") {
  const std::string one = R"("num_labels": 1)", three = R"("num_labels": 3)";
  const std::string multi = R"(, "problem_type": "multi_label_classification")";
  const std::string regression = R"(, "problem_type": "regression")";
  CHECK(function(one) == score_function::sigmoid);
  CHECK(function(three) == score_function::softmax);
  CHECK(function(one + regression) == score_function::identity);
  CHECK(function(three + regression) == score_function::identity);
  CHECK(function(three + multi) == score_function::sigmoid);
  CHECK(function(three + R"(, "problem_type": "single_label_classification")") == score_function::softmax);
  CHECK(function(three + R"(, "problem_type": null)") == score_function::softmax);
  CHECK(refusal(R"("problem_type": "ranking")") ==
        R"(config.json: problem_type is "ranking", carpool supports regression, )"
        "single_label_classification and multi_label_classification");
}

TEST_CASE("what a cross-encoder's folder names goes before that, in each of three places, the newest first") {
  const std::string identity = "\"torch.nn.modules.linear.Identity\"";
  const std::string sigmoid = "\"torch.nn.modules.activation.Sigmoid\"";
  const std::string old = R"("num_labels": 1, "sbert_ce_default_activation_function": )" + identity;
  CHECK(function(old) == score_function::identity);
  const std::string newer = old + R"(, "sentence_transformers": {"version": "4", "activation_fn": )";
  CHECK(function(newer + sigmoid + "}") == score_function::sigmoid);
  CHECK(function(newer + "null}") == score_function::identity);
  const model_folder newest{newer + sigmoid + "}"};
  newest.write("config_sentence_transformers.json", R"({"activation_fn": )" + identity + "}");
  CHECK(newest.read().score_function == score_function::identity);
  newest.write("config_sentence_transformers.json", R"({"activation_fn": null})");
  CHECK(newest.read().score_function == score_function::sigmoid);
}

TEST_CASE("other functions are refused by name") {
  const std::string supported =
      ", carpool supports torch.nn.modules.linear.Identity and torch.nn.modules.activation.Sigmoid";
  CHECK(refusal(R"("sbert_ce_default_activation_function": "torch.nn.modules.activation.Tanh")") ==
        R"(config.json: sbert_ce_default_activation_function is "torch.nn.modules.activation.Tanh")" +
            supported);
  CHECK(refusal(R"("sentence_transformers": {"activation_fn": "mine.Sigmoid"})") ==
        R"(config.json: sentence_transformers: activation_fn is "mine.Sigmoid")" + supported);
}

TEST_CASE("a folder that names its class must name BertForSequenceClassification") {
  CHECK(refusal(R"("architectures": ["BertForSequenceClassification"])") == "accepted");
  CHECK(refusal(R"("architectures": ["BertForTokenClassification"])") ==
        "config.json: architectures does not name BertForSequenceClassification, so the folder holds no "
        "classifier; if it holds an embedding model, carpool::bert::embedder loads it");
  const model_folder folder{R"("architectures": ["BertForSequenceClassification"])"};
  CHECK_THROWS_WITH_AS(read_model_config(folder.path()),
                       doctest::Contains("which makes no embeddings; carpool::bert::classifier loads it"),
                       load_error);
}

TEST_CASE("a folder is read as what config.json calls it, unless its modules make embeddings") {
  CHECK(read_any_config(goldens / "topics").classifier);
  CHECK_FALSE(read_any_config(model_folder{}.path()).classifier);
  const model_folder folder{R"("architectures": ["BertForSequenceClassification"])"};
  CHECK(read_any_config(folder.path()).classifier);
  folder.write("modules.json",
               R"([{"type": "a.Transformer", "path": ""}, {"type": "a.Pooling", "path": "1"}])");
  folder.write("1/config.json", R"({"pooling_mode": "mean"})");
  CHECK_FALSE(read_any_config(folder.path()).classifier);
}

TEST_CASE("a classifier's modules.json has the transformer and nothing else") {
  const model_folder folder;
  folder.write("modules.json", R"([{"type": "sentence_transformers.models.Transformer", "path": ""}])");
  CHECK(folder.refusal() == "accepted");
  folder.write("modules.json",
               R"([{"type": "a.Transformer", "path": ""}, {"type": "a.Pooling", "path": "1"}])");
  CHECK(folder.refusal() ==
        R"(modules.json: type is "a.Pooling", carpool supports Transformer only, in a classifier's folder)");
  folder.write("modules.json", R"([{"type": "a.Transformer", "path": "0"}])");
  CHECK(folder.refusal() ==
        R"(modules.json: path is "0", carpool supports a transformer in the model folder itself)");
}

TEST_CASE("a tokeniser that puts pairs together in another way than BERT is refused, for a classifier only") {
  const auto tokenizer = [](const std::string& post_processor) {
    return R"({"normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
               "model": {"vocab": {}}, "post_processor": )" +
           post_processor + "}";
  };
  const auto pairs = [&](const std::string& pair) {
    const std::string single = R"([{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
      {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}})";
    return tokenizer(R"({"type": "TemplateProcessing", "single": )" + single + R"(], "pair": )" + single +
                     pair + "]}");
  };
  const std::string second = R"(, {"Sequence": {"id": "B", "type_id": 1}})";
  const std::string fault =
      "tokenizer.json: post_processor: pair must be [CLS], A and [SEP] of type 0, then B and [SEP] of type 1";
  const model_folder folder;
  folder.write("tokenizer.json", pairs(second + R"(, {"SpecialToken": {"id": "[SEP]", "type_id": 1}})"));
  CHECK(folder.refusal() == "accepted");
  for (const char* end : {"", R"(, {"SpecialToken": {"id": "[SEP]", "type_id": 0}})",
                          R"(, {"SpecialToken": {"id": "[CLS]", "type_id": 1}})",
                          R"(, {"Sequence": {"id": "[SEP]", "type_id": 1}})"}) {
    folder.write("tokenizer.json", pairs(second + end));
    CHECK(folder.refusal() == fault);
    CHECK(read_model_config(folder.path()).hidden_size == 8);
  }
  folder.write("tokenizer.json",
               tokenizer(R"({"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]})"));
  CHECK(folder.refusal() == "accepted");
}
