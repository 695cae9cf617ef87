// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/classifier_lane.hpp>

#include <boost/system/system_error.hpp>

#include <ATen/ops/empty.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace carpool::bert;

namespace {

/// Two logits for each text: the number of its tokens, and that of its tokens of type 1. An id of 13 makes
/// the first a NaN.
class counting_lane final : public device_lane {
 public:
  at::Tensor run(const packed_batch& batch) override {
    at::Tensor result = at::empty({static_cast<std::int64_t>(batch.texts()), 2});
    for (std::size_t text = 0; text < batch.texts(); ++text) {
      float* const row = result.mutable_data_ptr<float>() + 2 * text;
      row[0] = static_cast<float>(batch.offsets()[text + 1] - batch.offsets()[text]);
      row[1] = 0;
      for (auto at = static_cast<std::size_t>(batch.offsets()[text]);
           at < static_cast<std::size_t>(batch.offsets()[text + 1]); ++at) {
        row[1] += static_cast<float>(batch.places()[at] % 2);
        if (batch.ids()[at] == 13) row[0] = std::numeric_limits<float>::quiet_NaN();
      }
    }
    return result;
  }
};

/// As many ids as the text has letters, each the text's length; "bad" is refused.
tokens count_letters(std::string_view text) {
  if (text == "bad") throw boost::system::system_error{make_error_code(error::invalid_utf8)};
  return tokens{std::vector<std::int32_t>(text.size(), static_cast<std::int32_t>(text.size()))};
}

tokens count_pair(const text_pair& pair) {
  tokens result = count_letters(pair.first + pair.second);
  result.second_text = pair.first.size();
  return result;
}

classifier_lane make(score_function function = score_function::identity) {
  model_config config;
  config.vocab_size = 20;
  config.max_tokens = 8;
  config.type_vocab_size = 2;
  config.classifier = classifier_settings{.labels = {"length", "second"}, .score_function = function};
  return {config, count_letters, count_pair, std::make_unique<counting_lane>()};
}

using logits = std::vector<float>;

template <class In>
std::vector<boost::system::result<prediction>> run(classifier_lane tested, const std::vector<In>& inputs) {
  return tested.split(tested.model(tested.collate(inputs)), inputs.size());
}

}  // namespace

TEST_CASE("pairs of strings, strings and tokens become predictions; who is refused fails alone") {
  const auto pairs = run<text_pair>(make(), {{"ab", "cde"}, {"b", "ad"}, {"b", "a"}});
  REQUIRE(pairs.size() == 3);
  CHECK(pairs[0].value().logits == logits{5, 3});
  CHECK(pairs[1].error() == error::invalid_utf8);
  CHECK(pairs[2].value().logits == logits{2, 1});

  const auto texts = run<std::string>(make(), {"ab", "bad", "far too long"});
  REQUIRE(texts.size() == 3);
  CHECK(texts[0].value().logits == logits{2, 0});
  CHECK(texts[1].error() == error::invalid_utf8);
  CHECK(texts[2].error() == error::text_too_long);

  const auto mixed = run<tokens>(make(), {tokens{{1, 2}}, tokens{{13}}, count_pair({"a", "bc"})});
  REQUIRE(mixed.size() == 3);
  CHECK(mixed[0].value().logits == logits{2, 0});
  CHECK(mixed[1].error() == error::non_finite_output);
  CHECK(mixed[2].value().logits == logits{3, 2});
}

TEST_CASE("a prediction has the model's own score function") {
  CHECK(run<std::string>(make(), {"ab"})[0].value().scores() == logits{2, 0});
  CHECK(run<std::string>(make(score_function::sigmoid), {"ab"})[0].value().scores()[1] == 0.5F);
  CHECK(run<std::string>(make(score_function::softmax), {"ab"})[0].value().score_function ==
        score_function::softmax);
}
