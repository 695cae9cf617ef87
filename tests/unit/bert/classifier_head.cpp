// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/classifier_head.hpp>

#include <ATen/ops/rand.h>
#include <ATen/ops/tensor.h>
#include <c10/core/Device.h>
#include <c10/core/InferenceMode.h>

#include <cmath>
#include <cstdint>
#include <vector>

using namespace carpool::bert;

TEST_CASE("the head is a linear layer, tanh and another linear layer, row by row") {
  const c10::InferenceMode no_gradients;
  const head_weights weights{
      .pooler = {at::tensor({1.F, 2.F, -1.F, 0.5F}).view({2, 2}), at::tensor({0.F, 1.F})},
      .classifier = {at::tensor({3.F, -2.F}).view({1, 2}), at::tensor({0.25F})}};
  const at::Tensor cls = at::tensor({0.5F, -0.25F, 1.F, 2.F}).view({2, 2});
  const at::Tensor logits = classifier_head{weights, c10::kCPU}(cls);
  REQUIRE((logits.sizes() == at::IntArrayRef({2, 1})));
  const auto expected = [](double a, double b) {
    return 3 * std::tanh(a + 2 * b) - 2 * std::tanh(-a + 0.5 * b + 1) + 0.25;
  };
  CHECK(std::abs(logits[0][0].item<double>() - expected(0.5, -0.25)) < 1e-6);
  CHECK(std::abs(logits[1][0].item<double>() - expected(1, 2)) < 1e-6);
}

TEST_CASE("a text's logits do not depend on how many texts there are, for few labels and for many") {
  const c10::InferenceMode no_gradients;
  const auto random = [](std::vector<std::int64_t> shape) { return at::rand(shape).sub(0.5).div(4); };
  for (const std::int64_t labels : {1, 3, 40}) {
    const head_weights weights{.pooler = {random({48, 48}), random({48})},
                               .classifier = {random({labels, 48}), random({labels})}};
    const classifier_head head{weights, c10::kCPU};
    const at::Tensor cls = random({40, 48});
    const at::Tensor together = head(cls);
    REQUIRE((together.sizes() == at::IntArrayRef({40, labels})));
    for (std::int64_t texts = 1; texts < 40; ++texts) {
      const at::Tensor some = head(cls.narrow(0, 40 - texts, texts));
      REQUIRE((some.sizes() == at::IntArrayRef({texts, labels})));
      CHECK(some.sub(together.narrow(0, 40 - texts, texts)).abs().max().item<float>() < 1e-6F);
    }
  }
}
