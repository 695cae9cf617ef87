// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace carpool::bert {

/// What makes scores of a classifier's logits.
enum class score_function {
  identity,  ///< the logits themselves
  sigmoid,   ///< 1 / (1 + exp(-x)) of each: labels do not exclude each other, or there is but one
  softmax,   ///< exp(x) over the sum of all: exactly one label is right
};

/// The scores of one text, as many as there are logits. Logits of any size are fine: nothing overflows.
inline std::vector<float> scores(score_function function, std::span<const float> logits) {
  std::vector<float> result(logits.begin(), logits.end());
  if (function == score_function::sigmoid) {
    for (float& x : result) x = 1 / (1 + std::exp(-x));
  } else if (function == score_function::softmax && !result.empty()) {
    const float largest = *std::max_element(result.begin(), result.end());
    float sum = 0;
    for (float& x : result) sum += x = std::exp(x - largest);
    for (float& x : result) x /= sum;
  }
  return result;
}

/// What a classifier says about one text or pair.
struct prediction {
  std::vector<float> logits;  ///< one per label, in the order of `classifier::labels()`
  bert::score_function score_function = bert::score_function::identity;  ///< the model's own

  /// One per label, by the model's own function. The free function `scores` takes any other.
  std::vector<float> scores() const { return bert::scores(score_function, logits); }
};

}  // namespace carpool::bert
