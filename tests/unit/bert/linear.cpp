// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include "support/reference_bert.hpp"
#include <carpool/bert/linear.hpp>

#include <ATen/Context.h>
#include <ATen/ops/_addmm_activation.h>
#include <ATen/ops/randn.h>
#include <c10/core/Device.h>
#include <c10/core/InferenceMode.h>

#include <cmath>
#include <cstdint>
#include <optional>

using carpool::bert::activation;
using carpool::bert::linear;
using carpool::bert::linear_kernels;
using carpool::bert::onednn_linear;
using carpool::test::reference_bert;

namespace {

struct fixture {
  at::Tensor weight;
  at::Tensor bias;
  at::Tensor x;

  fixture() {
    at::manual_seed(1);
    weight = at::randn({40, 24}).mul_(0.2);
    bias = at::randn({40});
    x = at::randn({100, 24});
  }

  /// The largest difference from plain loops in double precision.
  double error(std::optional<activation> then, const linear_kernels& kernels) const {
    const at::Tensor y = linear{weight, bias, then, kernels}(x);
    const auto [w, b, in, out] = std::tuple{weight.accessor<float, 2>(), bias.accessor<float, 1>(),
                                            x.accessor<float, 2>(), y.accessor<float, 2>()};
    double worst = 0;
    for (std::int64_t row = 0; row < x.size(0); ++row) {
      for (std::int64_t column = 0; column < weight.size(0); ++column) {
        double sum = b[column];
        for (std::int64_t i = 0; i < x.size(1); ++i) sum += double{in[row][i]} * double{w[column][i]};
        if (then) sum = reference_bert::gelu(sum, *then);
        worst = std::max(worst, std::abs(sum - double{out[row][column]}));
      }
    }
    return worst;
  }
};

}  // namespace

TEST_CASE("a linear layer multiplies, adds the bias and applies the activation, with oneDNN and without") {
  const c10::InferenceMode no_gradients;
  const fixture given;
  for (const linear_kernels& kernels : {linear_kernels{.onednn = onednn_linear::find()}, linear_kernels{}}) {
    CHECK(given.error(std::nullopt, kernels) < 2e-6);
    CHECK(given.error(activation::gelu, kernels) < 2e-6);
    CHECK(given.error(activation::gelu_tanh, kernels) < 2e-6);
  }
}

TEST_CASE("exact and tanh GELU are told apart") {
  const c10::InferenceMode no_gradients;
  const fixture given;
  for (const linear_kernels& kernels : {linear_kernels{.onednn = onednn_linear::find()}, linear_kernels{}}) {
    const linear exact{given.weight, given.bias, activation::gelu, kernels};
    const linear tanh{given.weight, given.bias, activation::gelu_tanh, kernels};
    CHECK(exact(given.x).sub(tanh(given.x)).abs().max().item<float>() > 1e-4F);
  }
}

TEST_CASE("GELU is left to the epilogue of a product only where that computes the form that is asked for") {
  const c10::Device cpu = c10::kCPU;
  const c10::Device cuda(c10::kCUDA, 0);
  CHECK(linear::fuses_gelu(activation::gelu_tanh, cuda, at::kHalf));
  CHECK(linear::fuses_gelu(activation::gelu_tanh, cuda, at::kBFloat16));
  CHECK_FALSE(linear::fuses_gelu(activation::gelu_tanh, cuda, at::kFloat));
  CHECK_FALSE(linear::fuses_gelu(activation::gelu, cuda, at::kHalf));
  CHECK_FALSE(linear::fuses_gelu(std::nullopt, cuda, at::kHalf));
  for (const auto then : {std::optional<activation>{}, {activation::gelu}, {activation::gelu_tanh}})
    CHECK_FALSE(linear::fuses_gelu(then, cpu, at::kFloat));
}

TEST_CASE("the epilogue's GELU on the CPU is the exact one, and its other arguments mean what they should") {
  const c10::InferenceMode no_gradients;
  const fixture given;
  const at::Tensor fused = at::_addmm_activation(given.bias, given.x, given.weight.t(), 1, 1, true);
  const linear exact{given.weight, given.bias, activation::gelu, linear_kernels{}};
  const linear tanh{given.weight, given.bias, activation::gelu_tanh, linear_kernels{}};
  CHECK(fused.sub(exact(given.x)).abs().max().item<float>() < 2e-6F);
  CHECK(fused.sub(tanh(given.x)).abs().max().item<float>() > 1e-4F);
}

#ifdef __x86_64__
TEST_CASE("oneDNN's operators are found, and a row hardly depends on how many there are") {
  const c10::InferenceMode no_gradients;
  const auto onednn = onednn_linear::find();
  REQUIRE(onednn);
  const fixture given;
  const linear layer{given.weight, given.bias, activation::gelu, {.onednn = onednn}};
  const at::Tensor all = layer(given.x);
  for (std::int64_t rows = 1; rows < given.x.size(0); ++rows) {
    CHECK(layer(given.x.narrow(0, 0, rows)).sub(all.narrow(0, 0, rows)).abs().max().item<float>() < 2e-6F);
  }
}
#endif
