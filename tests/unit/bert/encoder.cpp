// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include "support/reference_bert.hpp"
#include "support/temporary_folder.hpp"
#include "support/tiny_bert.hpp"
#include <carpool/bert/cpu_lane.hpp>
#include <carpool/bert/encoder.hpp>

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace carpool::bert;
using namespace carpool::test;

namespace {

tokens pair(std::vector<std::int32_t> ids, std::size_t second_text) {
  tokens result{std::move(ids)};
  result.second_text = second_text;
  return result;
}

/// Single texts and two pairs.
std::vector<tokens> texts() {
  return {tokens{{2, 4, 5, 6, 3}},
          tokens{{2, 7, 3}},
          pair({2, 4, 5, 3, 6, 3}, 4),
          pair({2, 3, 4, 5, 6, 3}, 2),
          tokens{{2, 8, 9, 10, 11, 12, 13, 14, 4, 4, 4, 5, 6, 7, 8, 9, 10, 3}},
          tokens{{2, 15, 14, 3}},
          tokens{{2, 6, 3}}};
}

std::shared_ptr<const encoder> load(const tiny_bert& model, const std::string& file,
                                    const linear_kernels& kernels = {.onednn = onednn_linear::find()},
                                    at::ScalarType type = at::kFloat) {
  const c10::InferenceMode no_gradients;
  const temporary_folder folder;
  const safetensors_file weights{folder.write("model.safetensors", file)};
  return std::make_shared<encoder>(model.config, read_weights(weights, model.config), at::TensorOptions(type),
                                   kernels);
}

at::Tensor run(const std::shared_ptr<const encoder>& model, const std::vector<tokens>& batch) {
  packed_batch packed;
  for (const tokens& text : batch) packed.append(text);
  packed.close();
  return cpu_lane{model, 1}.run(packed);
}

/// The largest difference between the encoder and the reference, over all texts in one batch.
double deviation(const tiny_bert& model, const at::Tensor& embeddings, const checkpoint& weights) {
  double worst = 0;
  for (std::size_t text = 0; text < texts().size(); ++text) {
    const auto expected = reference_bert{model.config, weights}.embed(texts()[text]);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto row = static_cast<std::int64_t>(text);
      worst = std::max(
          worst, std::abs(expected[i] - double{embeddings[row][static_cast<std::int64_t>(i)].item<float>()}));
    }
  }
  return worst;
}

double deviation(const tiny_bert& model) {
  return deviation(model, run(load(model, model.weights.file()), texts()), model.weights);
}

}  // namespace

TEST_CASE(
    "a packed batch gives what plain loops give text by text, for each pooling, activation and "
    "normalisation") {
  tiny_bert model;
  CHECK(deviation(model) < 1e-6);
  model.config.pooling = pooling::cls;
  CHECK(deviation(model) < 1e-6);
  model.config.activation = activation::gelu_tanh;
  CHECK(deviation(model) < 1e-6);
  model.config.normalize = false;
  CHECK(deviation(model) < 1e-5);
  model.config.layer_norm_eps = 0.1;
  CHECK(deviation(model) < 1e-5);
}

TEST_CASE("before pooling each token has the vector that plain loops give it") {
  const tiny_bert model;
  packed_batch packed;
  for (const tokens& text : texts()) packed.append(text);
  packed.close();
  const at::Tensor found = cpu_lane{load(model, model.weights.file()), 1}.run_unpooled(packed);
  REQUIRE(found.size(0) == static_cast<std::int64_t>(packed.token_count()));
  const float* at = found.const_data_ptr<float>();
  double worst = 0;
  for (const tokens& text : texts())
    for (const auto& vector : reference_bert{model.config, model.weights}.encode(text))
      for (const double value : vector) worst = std::max(worst, std::abs(value - double{*at++}));
  CHECK(worst < 1e-5);
}

TEST_CASE("without oneDNN's operators the result is the same") {
  const tiny_bert model;
  CHECK(deviation(model, run(load(model, model.weights.file(), {}), texts()), model.weights) < 1e-6);
}

TEST_CASE("fp16 and bf16 weights are computed with as they are stored") {
  const tiny_bert model;
  CHECK(deviation(model, run(load(model, model.weights.file<c10::Half>()), texts()),
                  model.weights.rounded<c10::Half>()) < 1e-6);
  CHECK(deviation(model, run(load(model, model.weights.file<c10::BFloat16>()), texts()),
                  model.weights.rounded<c10::BFloat16>()) < 1e-6);
  CHECK(deviation(model, run(load(model, model.weights.file<c10::BFloat16>()), texts()), model.weights) >
        1e-4);
}

TEST_CASE("the encoder computes in bf16, and says fp32 in the end") {
  const tiny_bert model;
  for (const linear_kernels& kernels : {linear_kernels{.onednn = onednn_linear::find()}, linear_kernels{}}) {
    const at::Tensor embeddings = run(load(model, model.weights.file(), kernels, at::kBFloat16), texts());
    CHECK((embeddings.scalar_type() == at::kFloat));
    const double error = deviation(model, embeddings, model.weights);
    CHECK(error > 1e-5);
    CHECK(error < 0.02);
  }
}

TEST_CASE("a text's embedding does not depend on its batch mates or its place among them") {
  const tiny_bert model;
  const auto network = load(model, model.weights.file());
  const at::Tensor together = run(network, texts());
  std::vector<tokens> reversed = texts();
  std::reverse(reversed.begin(), reversed.end());
  const at::Tensor backwards = run(network, reversed);
  for (std::size_t text = 0; text < texts().size(); ++text) {
    const auto row = static_cast<std::int64_t>(text);
    CHECK(run(network, {texts()[text]})[0].sub(together[row]).abs().max().item<float>() < 1e-6F);
    CHECK(backwards[backwards.size(0) - 1 - row].sub(together[row]).abs().max().item<float>() < 1e-6F);
  }
}

TEST_CASE("lanes with different numbers of threads give the same, and leave the thread's number as it was") {
  at::set_num_threads(3);
  const tiny_bert model;
  const auto network = load(model, model.weights.file());
  packed_batch packed;
  for (const tokens& text : texts()) packed.append(text);
  packed.close();
  const at::Tensor one = cpu_lane{network, 1}.run(packed);
  CHECK(cpu_lane{network, 2}.run(packed).sub(one).abs().max().item<float>() < 1e-6F);
  CHECK(at::get_num_threads() == 3);
}
