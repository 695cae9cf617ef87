// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// carpool's kernels against libtorch's operators, on the device.

#include <carpool/bert/cuda_fused.hpp>
#include <carpool/bert/pooling.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/Scalar.h>
#include <support/doctest.hpp>

#include <cstdint>

using namespace carpool::bert;

namespace {

/// Rounding of the result, and of the sum that libtorch rounds as well.
double tolerance(at::ScalarType type) { return type == at::kFloat ? 2e-5 : type == at::kHalf ? 8e-3 : 6e-2; }

double difference(const at::Tensor& a, const at::Tensor& b) {
  return a.to(at::kFloat).sub(b.to(at::kFloat)).abs().max().item().toDouble();
}

at::TensorOptions on_gpu(at::ScalarType type) { return at::TensorOptions(type).device(at::kCUDA); }

}  // namespace

TEST_CASE("residual + norm is what libtorch makes of it, in every type and width") {
  const c10::InferenceMode no_gradients;
  for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16})
    for (const std::int64_t hidden : {33, 384, 768, 1024, 8192}) {
      const auto x = at::randn({1000, hidden}, on_gpu(type)),
                 residual = at::randn({1000, hidden}, on_gpu(type));
      const auto scale = at::rand({hidden}, on_gpu(type)), shift = at::randn({hidden}, on_gpu(type));
      const auto expected = at::layer_norm(x.add(residual), {hidden}, scale, shift, 1e-12);
      CAPTURE(hidden);
      CHECK(difference(cuda::residual_norm(x.clone(), residual, scale, shift, 1e-12), expected) <=
            tolerance(type));
    }
}

TEST_CASE("embeddings + norm is what libtorch makes of it") {
  const c10::InferenceMode no_gradients;
  for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    const auto words = at::randn({30522, 384}, on_gpu(type)), positions = at::randn({512, 384}, on_gpu(type));
    const auto ids = at::randint(30522, {5000}, on_gpu(at::kInt)),
               places = at::randint(512, {5000}, on_gpu(at::kInt));
    const auto scale = at::rand({384}, on_gpu(type)), shift = at::randn({384}, on_gpu(type));
    const auto sum = words.index_select(0, ids).add(positions.index_select(0, places));
    CHECK(difference(cuda::embedding_norm(words, ids, positions, places, scale, shift, 1e-12),
                     at::layer_norm(sum, {384}, scale, shift, 1e-12)) <= tolerance(type));
  }
}

TEST_CASE("pooling is what libtorch makes of it, and zeros for a text without tokens") {
  const c10::InferenceMode no_gradients;
  const auto offsets = at::tensor({0, 1, 130, 130, 642, 700}, at::kInt).to(at::kCUDA);
  for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16})
    for (const auto how : {pooling::mean, pooling::cls}) {
      const auto hidden = at::randn({700, 384}, on_gpu(type));
      const auto expected = normalize(pool(hidden, offsets, how));
      const auto got = cuda::pool(hidden, offsets, how == pooling::cls, true);
      for (const std::int64_t text : {0, 1, 3, 4})
        CHECK(difference(got.select(0, text), expected.select(0, text)) <= 1e-5);
      CHECK(got.select(0, 2).abs().max().item().toDouble() == 0);
    }
}
