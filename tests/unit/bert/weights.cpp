// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include "support/temporary_folder.hpp"
#include "support/tiny_bert.hpp"
#include <carpool/bert/weights.hpp>

#include <ATen/ops/equal.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>

using namespace carpool::bert;
using carpool::test::checkpoint;
using carpool::test::temporary_folder;
using carpool::test::tiny_bert;

namespace {

encoder_weights load(const tiny_bert& model) {
  const temporary_folder folder;
  return read_weights(safetensors_file{folder.write("model.safetensors", model.weights.file())},
                      model.config);
}

/// The sentence of the error behind the file's name.
std::string refusal(const tiny_bert& model) {
  const temporary_folder folder;
  const std::string path = folder.write("model.safetensors", model.weights.file()).string();
  try {
    read_weights(safetensors_file{path}, model.config);
  } catch (const load_error& fault) {
    const std::string sentence = fault.what();
    REQUIRE(sentence.starts_with(path + ": "));
    return sentence.substr(path.size() + 2);
  }
  return "accepted";
}

tiny_bert renamed(const std::function<std::string(std::string)>& new_name) {
  tiny_bert model;
  checkpoint result;
  for (auto& [name, tensor] : model.weights.tensors) result.tensors[new_name(name)] = std::move(tensor);
  model.weights = std::move(result);
  return model;
}

bool same(const encoder_weights& a, const encoder_weights& b) {
  return at::equal(a.words, b.words) && at::equal(a.places, b.places) &&
         at::equal(a.embedding_norm.shift, b.embedding_norm.shift) && a.layers.size() == b.layers.size() &&
         at::equal(a.layers[1].query_key_value.weight, b.layers[1].query_key_value.weight) &&
         at::equal(a.layers[1].output_norm.scale, b.layers[1].output_norm.scale);
}

}  // namespace

TEST_CASE("the three projections are stacked, and each token type is added to the positions") {
  const tiny_bert model;
  const encoder_weights weights = load(model);
  REQUIRE(weights.layers.size() == 2);
  const at::Tensor& stacked = weights.layers[1].query_key_value.weight;
  REQUIRE((stacked.sizes() == at::IntArrayRef({72, 24})));
  const auto& tensors = model.weights.tensors;
  CHECK(stacked[24 + 3][5].item<float>() ==
        tensors.at("encoder.layer.1.attention.self.key.weight").values[3 * 24 + 5]);
  CHECK(weights.layers[1].query_key_value.bias[48 + 7].item<float>() ==
        tensors.at("encoder.layer.1.attention.self.value.bias").values[7]);
  for (const std::size_t type : {0U, 1U}) {
    CHECK(weights.places[2][static_cast<std::int64_t>(type)][5].item<float>() ==
          tensors.at("embeddings.position_embeddings.weight").values[2 * 24 + 5] +
              tensors.at("embeddings.token_type_embeddings.weight").values[type * 24 + 5]);
  }
  CHECK_FALSE(weights.head);
}

TEST_CASE("a model with one token type has it at both places") {
  tiny_bert model;
  model.config.type_vocab_size = 1;
  auto& types = model.weights.tensors.at("embeddings.token_type_embeddings.weight");
  types.shape = {1, 24};
  types.values.resize(24);
  const at::Tensor places = load(model).places;
  CHECK(at::equal(places.select(1, 0), places.select(1, 1)));
}

TEST_CASE("a model that is told no token types has the first one at both places") {
  tiny_bert model;
  const at::Tensor first = load(model).places.select(1, 0);
  model.config.tokenizer.tells_token_types = false;
  const at::Tensor places = load(model).places;
  CHECK(at::equal(places.select(1, 0), first));
  CHECK(at::equal(places.select(1, 1), first));
}

TEST_CASE("a classifier's head has the pooler of BERT and a layer of its own, of as many outputs as labels") {
  tiny_bert model;
  model.config.classifier = classifier_settings{.labels = {"yes", "no", "perhaps"}};
  std::mt19937 random(1);
  model.weights.add("classifier.weight", {3, 24}, random, 0.0F, 1.0F);
  model.weights.add("classifier.bias", {3}, random, 0.0F, 1.0F);
  const std::optional<head_weights> head = load(model).head;
  REQUIRE(head);
  const auto& tensors = model.weights.tensors;
  CHECK(head->pooler.weight[1][2].item<float>() == tensors.at("pooler.dense.weight").values[24 + 2]);
  CHECK(head->classifier.weight[2][3].item<float>() == tensors.at("classifier.weight").values[2 * 24 + 3]);
  CHECK(head->classifier.bias[1].item<float>() == tensors.at("classifier.bias").values[1]);

  checkpoint prefixed;
  for (const auto& [name, tensor] : tensors)
    prefixed.tensors[name.starts_with("classifier.") ? name : "bert." + name] = tensor;
  model.weights = prefixed;
  CHECK(at::equal(load(model).head->pooler.bias, head->pooler.bias));

  model.config.classifier->labels = {"yes"};
  CHECK(refusal(model) ==
        R"(tensor "classifier.weight" has the shape [3, 24], but config.json asks for [1, 24])");
  model.weights.tensors.erase("classifier.weight");
  CHECK(refusal(model) == R"(there is no tensor "classifier.weight", so the folder holds no classifier; )"
                          "if it holds an embedding model, carpool::bert::embedder loads it");
}

TEST_CASE("names with bert. in front, and LayerNorm's gamma and beta, mean the same") {
  const encoder_weights plain = load(tiny_bert{});
  CHECK(same(plain, load(renamed([](const std::string& name) { return "bert." + name; }))));
  CHECK(same(plain, load(renamed([](std::string name) {
               for (const auto& [now, then] :
                    {std::pair{"Norm.weight", "Norm.gamma"}, std::pair{"Norm.bias", "Norm.beta"}}) {
                 if (name.ends_with(now)) name.replace(name.rfind("Norm."), std::string::npos, then);
               }
               return name;
             }))));
}

TEST_CASE("a missing tensor is named") {
  tiny_bert model;
  model.weights.tensors.erase("encoder.layer.1.intermediate.dense.bias");
  CHECK(refusal(model) == R"(there is no tensor "encoder.layer.1.intermediate.dense.bias")");
}

TEST_CASE("a tensor of another shape is named, with both shapes") {
  tiny_bert model;
  auto& tensor = model.weights.tensors.at("encoder.layer.0.output.dense.weight");
  std::swap(tensor.shape[0], tensor.shape[1]);
  CHECK(
      refusal(model) ==
      R"(tensor "encoder.layer.0.output.dense.weight" has the shape [40, 24], but config.json asks for [24, 40])");
}

TEST_CASE("a layer more or less than config.json says is noticed where it is needed") {
  tiny_bert model;
  model.config.layers = 3;
  CHECK(refusal(model) == R"(there is no tensor "encoder.layer.2.attention.self.query.weight")");
}

TEST_CASE("a NaN or an infinity in a parameter that every text meets is noticed, and named") {
  for (const char* name :
       {"encoder.layer.1.attention.self.query.weight", "encoder.layer.0.intermediate.dense.bias",
        "encoder.layer.0.output.LayerNorm.weight", "embeddings.position_embeddings.weight"}) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
      tiny_bert model;
      model.weights.tensors.at(name).values[7] = bad;
      CHECK(refusal(model) == "tensor \"" + std::string(name) + "\" holds a NaN or an infinity");
    }
  }
}

TEST_CASE("a tensor of integers cannot be a weight") {
  tiny_bert model;
  std::string file = model.weights.file();
  const std::string name = R"("embeddings.LayerNorm.bias":{"dtype":"F32")";
  file.replace(file.find(name), name.size(), R"("embeddings.LayerNorm.bias":{"dtype":"I32")");
  const temporary_folder folder;
  const safetensors_file damaged{folder.write("model.safetensors", file)};
  CHECK_THROWS_WITH_AS(
      read_weights(damaged, model.config),
      doctest::Contains(R"("embeddings.LayerNorm.bias" has a dtype that weights cannot have)"), load_error);
}
