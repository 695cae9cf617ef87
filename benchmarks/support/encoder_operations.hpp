// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "support/clock.hpp"
#include <carpool/bert/config.hpp>
#include <carpool/bert/linear.hpp>
#include <carpool/bert/tokens.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <limits>
#include <vector>

namespace bench {

/// Floating point operations in the matrix products of an encoder, an addition and a multiplication being
/// two: L·(S·2·(4H² + 2HI) + 4S²H) for L layers over S tokens, of width H and inner width I.
inline double encoder_operations(const carpool::bert::model_config& config,
                                 const std::vector<carpool::bert::tokens>& texts) {
  const auto layers = static_cast<double>(config.layers), width = static_cast<double>(config.hidden_size);
  const auto inner = static_cast<double>(config.intermediate_size);
  double sum = 0;
  for (const auto& text : texts) {
    const auto tokens = static_cast<double>(text.size());
    sum += layers * (tokens * 2 * (4 * width * width + 2 * width * inner) + 4 * tokens * tokens * width);
  }
  return sum;
}

/// A product of two big square matrices, by whichever of libtorch's two ways to it is faster here.
class big_product {
 public:
  big_product() {
    const c10::InferenceMode no_gradients;
    const at::Tensor weight = at::randn({size, size}), bias = at::randn({size});
    x_ = at::randn({size, size});
    ways_.emplace_back(weight, bias, std::nullopt, carpool::bert::linear_kernels{});
    ways_.emplace_back(weight, bias, std::nullopt,
                       carpool::bert::linear_kernels{.onednn = carpool::bert::onednn_linear::find()});
  }

  /// Operations in a second, fp32, with libtorch's threads.
  double operator()(clockid_t clock) const {
    const c10::InferenceMode no_gradients;
    double least = std::numeric_limits<double>::infinity();
    for (const auto& way : ways_) {
      const double start = seconds(clock);
      way(x_);
      least = std::min(least, seconds(clock) - start);
    }
    return 2.0 * size * size * size / least;
  }

 private:
  static constexpr std::int64_t size = 2048;

  at::Tensor x_;
  std::vector<carpool::bert::linear> ways_;
};

}  // namespace bench
