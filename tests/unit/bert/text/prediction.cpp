// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/prediction.hpp>

#include <cmath>
#include <numeric>
#include <vector>

using namespace carpool::bert;

namespace {

using floats = std::vector<float>;

bool near(const floats& found, const std::vector<double>& expected) {
  bool result = found.size() == expected.size();
  for (std::size_t i = 0; result && i < found.size(); ++i)
    result = std::abs(double{found[i]} - expected[i]) < 1e-6;
  return result;
}

}  // namespace

TEST_CASE("scores are the logits, their sigmoids or their softmax") {
  const floats logits{1, -2, 0};
  CHECK(scores(score_function::identity, logits) == logits);
  CHECK(near(scores(score_function::sigmoid, logits),
             {1 / (1 + std::exp(-1.0)), 1 / (1 + std::exp(2.0)), 0.5}));
  const double sum = std::exp(1.0) + std::exp(-2.0) + 1;
  CHECK(near(scores(score_function::softmax, logits), {std::exp(1.0) / sum, std::exp(-2.0) / sum, 1 / sum}));
}

TEST_CASE("logits of any size have scores, and none has none") {
  CHECK(scores(score_function::sigmoid, floats{-1000, 1000}) == floats{0, 1});
  CHECK(scores(score_function::softmax, floats{1000, 1000}) == floats{0.5F, 0.5F});
  CHECK(scores(score_function::softmax, floats{-1000, 1000}) == floats{0, 1});
  CHECK(scores(score_function::softmax, floats{}).empty());
}

TEST_CASE("a prediction's scores are those of its own function") {
  CHECK(prediction{}.scores().empty());
  CHECK(prediction{{3}, score_function::identity}.scores() == floats{3});
  CHECK(prediction{{0}, score_function::sigmoid}.scores() == floats{0.5F});
  CHECK(prediction{{2, 2}, score_function::softmax}.scores() == floats{0.5F, 0.5F});
}
