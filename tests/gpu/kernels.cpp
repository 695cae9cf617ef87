// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// carpool's kernels against libtorch's operators, on the device, and libtorch's GELU in the form that is
// asked for.

#include <carpool/bert/attention.hpp>
#include <carpool/bert/cuda_fused.hpp>
#include <carpool/bert/linear.hpp>
#include <carpool/bert/packed_batch.hpp>
#include <carpool/bert/pooling.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/Scalar.h>
#include <support/doctest.hpp>
#include <support/rounding.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

using namespace carpool::bert;
using carpool::test::rounding_tolerance;

namespace {

double largest(const at::Tensor& x) { return x.to(at::kFloat).abs().max().item().toDouble(); }

/// Of a norm: libtorch rounds the sum, and both round the result. Mean and variance are sums of what the
/// lanes of a warp have added up, on both sides.
double norm_tolerance(at::ScalarType type, const at::Tensor& expected, const at::Tensor& shift) {
  const std::int64_t in_a_row = expected.size(1) / 32 + 6;
  return rounding_tolerance(type, largest(expected) + largest(shift), 3, 4 * in_a_row);
}

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
            norm_tolerance(type, expected, shift));
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
    const auto expected = at::layer_norm(sum, {384}, scale, shift, 1e-12);
    CHECK(difference(cuda::embedding_norm(words, ids, positions, places, scale, shift, 1e-12), expected) <=
          norm_tolerance(type, expected, shift));
  }
}

TEST_CASE("pooling is what libtorch makes of it, and zeros for a text without tokens") {
  const c10::InferenceMode no_gradients;
  const auto offsets = at::tensor({0, 1, 130, 130, 642, 700}, at::kInt).to(at::kCUDA);
  for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16})
    for (const auto how : {pooling::mean, pooling::cls}) {
      const auto hidden = at::randn({700, 384}, on_gpu(type));
      const auto expected = pool(hidden, offsets, how);
      const auto got = cuda::pool(hidden, offsets, how == pooling::cls, false);
      const auto scaled = cuda::pool(hidden, offsets, how == pooling::cls, true);
      for (const std::int64_t text : {0, 1, 3, 4}) {
        const auto plain = expected.select(0, text);
        const double length = plain.norm().item().toDouble();
        // 512 tokens in a row at most; the length is a sum of 384 squares, of which the root halves the error
        const double allowed = rounding_tolerance(at::kFloat, largest(hidden), 4, 512);
        CHECK(difference(got.select(0, text), plain) <= allowed);
        CHECK(difference(scaled.select(0, text), plain.div(length)) <=
              allowed / length + rounding_tolerance(at::kFloat, 1, 4, 384));
      }
      CHECK(largest(scaled.select(0, 2)) == 0);
    }
}

TEST_CASE("attention is what libtorch makes of it text by text in double, and the same in any company") {
  const c10::InferenceMode no_gradients;
  packed_batch batch;
  for (const std::size_t length : {1, 16, 31, 32, 33, 512, 7, 100, 64})
    batch.append(tokens(std::vector<std::int32_t>(length)));
  batch.close();
  const std::int64_t rows = static_cast<std::int64_t>(batch.token_count());
  const std::vector<std::int32_t> numbers(batch.offsets().begin(), batch.offsets().end());
  const auto offsets = at::tensor(numbers, at::kInt).to(at::kCUDA);
  const auto second = at::tensor({0, 16}, at::kInt).to(at::kCUDA);
  for (const auto type : {at::kHalf, at::kBFloat16})
    for (const auto& [heads, size] : {std::pair{12, 32}, std::pair{12, 64}, std::pair{3, 64}}) {
      const auto qkv = at::randn({rows, 3LL * heads * size}, on_gpu(type));
      const auto expected = sdpa_per_text(qkv.to(at::kCPU, at::kDouble), batch, heads);
      const auto got = cuda::attention(qkv, offsets, heads);
      CAPTURE(size);
      // The weights of the values are rounded, each up to 1, and so is the result.
      CHECK(got.to(at::kCPU, at::kDouble).sub(expected).abs().max().item().toDouble() <=
            rounding_tolerance(type, largest(qkv), 2, 0));
      CHECK(cuda::attention(qkv.narrow(0, 1, 16), second, heads).equal(got.narrow(0, 1, 16)));
    }
}

TEST_CASE("a linear layer computes GELU in the form that is asked for, fused or not, for one row and many") {
  const c10::InferenceMode no_gradients;
  for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16})
    for (const std::int64_t rows : {1, 7, 1000})
      for (const auto form : {activation::gelu, activation::gelu_tanh}) {
        const auto weight = at::randn({1536, 384}, on_gpu(type)).mul_(0.05),
                   bias = at::randn({1536}, on_gpu(type)), x = at::randn({rows, 384}, on_gpu(type));
        const auto wide = [](const at::Tensor& t) { return t.to(at::kCPU, at::kDouble); };
        const auto product = at::linear(wide(x), wide(weight), wide(bias));
        const auto expected = at::gelu(product, form == activation::gelu_tanh ? "tanh" : "none");
        const auto got = wide(linear{weight, bias, form, linear_kernels{}}(x));
        const double terms = largest(at::linear(wide(x).abs(), wide(weight).abs(), wide(bias).abs()));
        // The epilogue may take the hardware's tanh, good to 2^-11 of half the number.
        const bool fused = form == activation::gelu_tanh && type != at::kFloat;
        const double hardware = fused ? std::ldexp(largest(product), -12) : 0;
        CAPTURE(rows);
        CHECK(got.sub(expected).abs().max().item().toDouble() <=
              rounding_tolerance(type, largest(expected), 3, 0) +
                  rounding_tolerance(at::kFloat, terms, 0, 384) + hardware);
      }
}
