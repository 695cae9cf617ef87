// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What tests on the GPU allow for rounding, held against what rounding does in the same types on the CPU.
#include "support/rounding.hpp"

#include "support/doctest.hpp"
#include "support/golden_embeddings.hpp"
#include <carpool/bert/cpu_lane.hpp>
#include <carpool/bert/embedder.hpp>
#include <carpool/bert/encoder.hpp>
#include <carpool/bert/safetensors.hpp>
#include <carpool/bert/weights.hpp>

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/Scalar.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

using namespace carpool::bert;
using carpool::test::embedding_tolerance;
using carpool::test::rounding_tolerance;
using carpool::test::unit_roundoff;

namespace {

constexpr at::ScalarType types[] = {at::kFloat, at::kHalf, at::kBFloat16};

double largest(const at::Tensor& x) { return x.abs().max().item().toDouble(); }

/// The largest error of the embeddings of a few texts, computed in this type.
double embedding_error(at::ScalarType type, const model_config& config, const encoder_weights& weights,
                       const std::vector<tokens>& texts) {
  cpu_lane lane(std::make_shared<const encoder>(config, weights, at::TensorOptions(type), linear_kernels{}),
                1);
  packed_batch batch;
  for (const tokens& text : texts) batch.append(text);
  batch.close();
  const at::Tensor rows = lane.run(batch);
  const auto expected = carpool::test::golden_vectors(static_cast<std::size_t>(config.hidden_size));
  double worst = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const float* const got = rows.select(0, static_cast<std::int64_t>(i)).const_data_ptr<float>();
    for (std::size_t k = 0; k < expected[i].size(); ++k)
      worst = std::max(worst, std::abs(double{got[k]} - double{expected[i][k]}));
  }
  return worst;
}

}  // namespace

TEST_CASE("a rounding to a type is off by its unit roundoff at most, and by hardly less at worst") {
  at::manual_seed(1);
  const c10::InferenceMode no_gradients;
  const at::Tensor x = at::rand({100'000}, at::kDouble).add(1);
  for (const auto type : types) {
    const double error = largest(x.to(type).to(at::kDouble).sub(x).div(x));
    CHECK(error <= unit_roundoff(type));
    CHECK(error > 0.95 * unit_roundoff(type));
  }
}

TEST_CASE("a norm of a sum that is rounded on its way stays within its tolerance, and not far below it") {
  at::manual_seed(2);
  const c10::InferenceMode no_gradients;
  for (const auto type : types)
    for (const std::int64_t hidden : {33, 384, 1024}) {
      const auto random = [&](at::IntArrayRef shape) { return at::randn(shape).to(type); };
      const at::Tensor x = random({100, hidden}), residual = random({100, hidden});
      const at::Tensor scale = random({hidden}), shift = random({hidden});
      const auto wide = [](const at::Tensor& t) { return t.to(at::kDouble); };
      const at::Tensor exact =
          at::layer_norm(wide(x).add(wide(residual)), {hidden}, wide(scale), wide(shift), 1e-12);
      const at::Tensor got = at::layer_norm(x.add(residual), {hidden}, scale, shift, 1e-12);
      const double error = largest(wide(got).sub(exact));
      const double allowed = rounding_tolerance(type, largest(exact) + largest(wide(shift)), 3, hidden);
      CAPTURE(hidden);
      CHECK(error <= allowed);
      if (type != at::kFloat) CHECK(error > allowed / 20);
    }
}

TEST_CASE("embeddings in each type stay within their tolerance, and not far below it") {
  const c10::InferenceMode no_gradients;
  const embedder model{CARPOOL_TEST_MINILM, {.device = "cpu", .threads = 1}};
  const model_config config = read_model_config(CARPOOL_TEST_MINILM);
  const encoder_weights weights = read_weights(safetensors_file{find_weights(CARPOOL_TEST_MINILM)}, config);
  std::vector<tokens> texts;
  for (const std::string& text : carpool::test::golden_texts())
    if (texts.size() < 6) texts.push_back(model.tokenize(text));
  for (const auto type : types) {
    const double error = embedding_error(type, config, weights, texts);
    const double allowed = embedding_tolerance(type, config);
    CHECK(error <= allowed);
    CHECK(error > allowed / 20);
  }
}
