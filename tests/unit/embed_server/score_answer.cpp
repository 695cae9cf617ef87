// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/score_answer.hpp"

#include "embed_server/api_error.hpp"
#include "support/doctest.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace embed_server;
using carpool::bert::score_function;

namespace {

served_model with_labels(std::size_t count, score_function function = score_function::identity) {
  served_model model;
  model.score_function = function;
  for (std::size_t i = 0; i < count; ++i) model.labels.push_back("label " + std::to_string(i));
  return model;
}

}  // namespace

TEST_CASE("one label's score is a sigmoid, that of several a softmax, unless the model says otherwise") {
  CHECK(scores_of(with_labels(1), std::vector{0.0F}, false) == std::vector{0.5F});
  CHECK(scores_of(with_labels(2), std::vector{3.0F, 3.0F}, false) == std::vector{0.5F, 0.5F});
  CHECK(scores_of(with_labels(2, score_function::sigmoid), std::vector{0.0F, 0.0F}, false) ==
        std::vector{0.5F, 0.5F});
  CHECK(scores_of(with_labels(4, score_function::sigmoid), std::vector{0.0F, 0.0F, 0.0F, 0.0F}, false) ==
        std::vector{0.5F, 0.5F, 0.5F, 0.5F});
}

TEST_CASE("raw scores are the logits, whatever the model says") {
  for (const auto function : {score_function::identity, score_function::sigmoid, score_function::softmax})
    CHECK(scores_of(with_labels(2, function), std::vector{7.0F, -7.0F}, true) == std::vector{7.0F, -7.0F});
}

TEST_CASE("B8: a logit that is not finite is the model's fault, also where its score would be finite") {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()})
    CHECK_THROWS_AS(scores_of(with_labels(1), std::vector{bad}, false), api_error);
}

TEST_CASE("the highest logit comes first, and equal ones as they came") {
  CHECK(best_first(std::vector{0.1F, 0.9F, 0.1F, 0.5F}) == std::vector<std::size_t>{1, 3, 0, 2});
  CHECK(best_first({}).empty());
}

TEST_CASE("a rank has the place of its text, the text if it is wanted, and the score") {
  const std::string text = "say \"a\"";
  std::string out;
  append_rank(out, 3, nullptr, 0.25F);
  append_rank(out, 12, &text, -1);
  CHECK(out == R"({"index":3,"score":0.25}{"index":12,"text":"say \"a\"","score":-1})");
}

TEST_CASE("a prediction names each label with its score") {
  std::string out;
  append_prediction(out, {"a", "\"b\""}, std::vector{-1.0F, 1.0F}, std::vector{0.25F, 0.75F});
  CHECK(out == R"([{"score":0.75,"label":"\"b\""},{"score":0.25,"label":"a"}])");
}

TEST_CASE("labels whose scores are rounded to the same are in the order of their logits") {
  const std::vector logits{30.0F, 40.0F};
  std::string out;
  append_prediction(out, {"a", "b"}, logits,
                    scores_of(with_labels(2, score_function::sigmoid), logits, false));
  CHECK(out == R"([{"score":1,"label":"b"},{"score":1,"label":"a"}])");
}

TEST_CASE("no prediction is longer than is reckoned with") {
  const std::vector<std::string> labels{"a", "\"b\"", "\n"};
  const std::vector longest(labels.size(), -std::numeric_limits<float>::min() * 1.2345678F);
  std::string out;
  append_prediction(out, labels, longest, longest);
  CHECK(out.size() <= prediction_size(labels));
  CHECK(prediction_size(labels) < out.size() + 5 * labels.size());
}
