// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/lane.hpp>

#include <boost/system/system_error.hpp>

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace carpool::bert;

namespace {

/// Answers each text with [its first id, the number of its tokens]; an id of 13 becomes a NaN, of 14 an
/// infinity. A token by itself is [its id, 100].
class counting_lane final : public device_lane {
 public:
  explicit counting_lane(int& runs) : runs_(runs) {}

  at::Tensor run(const packed_batch& batch) override {
    ++runs_;
    at::Tensor result = at::empty({static_cast<std::int64_t>(batch.texts()), 2});
    for (std::size_t text = 0; text < batch.texts(); ++text) {
      const auto first = static_cast<std::size_t>(batch.offsets()[text]);
      float value = static_cast<float>(batch.ids()[first]);
      if (batch.ids()[first] == 13) value = std::numeric_limits<float>::quiet_NaN();
      if (batch.ids()[first] == 14) value = -std::numeric_limits<float>::infinity();
      float* const row = result.mutable_data_ptr<float>() + 2 * text;
      row[0] = value;
      row[1] = static_cast<float>(batch.offsets()[text + 1] - batch.offsets()[text]);
    }
    return result;
  }

  at::Tensor run_unpooled(const packed_batch& batch) override {
    ++runs_;
    at::Tensor result = at::empty({static_cast<std::int64_t>(batch.token_count()), 2});
    float* at = result.mutable_data_ptr<float>();
    for (std::size_t token = 0; token < batch.token_count(); ++token) {
      *at++ = static_cast<float>(batch.ids()[token]);
      *at++ = 100;
    }
    return result;
  }

 private:
  int& runs_;
};

model_config small() {
  model_config config;
  config.vocab_size = 20;
  config.max_tokens = 4;
  return config;
}

/// As many ids as the text has letters, each the text's length; "bad" is refused.
tokens count_letters(std::string_view text) {
  if (text == "bad") throw boost::system::system_error{make_error_code(error::invalid_utf8)};
  return tokens{std::vector<std::int32_t>(text.size(), static_cast<std::int32_t>(text.size()))};
}

tokens unpooled(std::vector<std::int32_t> ids) {
  tokens result{std::move(ids)};
  result.pooled = false;
  return result;
}

template <class In>
std::vector<boost::system::result<embedding>> run(std::vector<In> texts, int& runs) {
  lane tested{small(), count_letters, std::make_unique<counting_lane>(runs)};
  const std::size_t n = texts.size();
  return tested.split(tested.model(tested.collate(texts)), n);
}

}  // namespace

TEST_CASE("tokens that no model could take fail their own request, and the others are answered in order") {
  int runs = 0;
  const auto items = run<tokens>({tokens{{5, 6}}, tokens{}, tokens{{1, 2, 3, 4, 5}}, tokens{{7}},
                                  tokens{{20}}, tokens{{3, -1}}, tokens{{9, 9, 9, 9}}},
                                 runs);
  REQUIRE(items.size() == 7);
  CHECK(items[0].value() == embedding{5, 2});
  CHECK(items[1].error() == error::empty_text);
  CHECK(items[2].error() == error::text_too_long);
  CHECK(items[3].value() == embedding{7, 1});
  CHECK(items[4].error() == error::unknown_token);
  CHECK(items[5].error() == error::unknown_token);
  CHECK(items[6].value() == embedding{9, 4});
  CHECK(runs == 1);
}

TEST_CASE("a pair fails its own request where the model has one token type, and runs where it has two") {
  tokens pair{{5, 6, 7}};
  pair.second_text = 2;
  int runs = 0;
  model_config config = small();
  for (const std::int64_t types : {1, 2}) {
    config.type_vocab_size = types;
    lane tested{config, count_letters, std::make_unique<counting_lane>(runs)};
    const std::vector<tokens> texts{tokens{{9}}, pair};
    const auto items = tested.split(tested.model(tested.collate(texts)), 2);
    CHECK(items[0].value() == embedding{9, 1});
    if (types == 1) {
      CHECK(items[1].error() == error::pairs_unsupported);
    } else {
      CHECK(items[1].value() == embedding{5, 3});
    }
  }
}

TEST_CASE("a model that is told no token types takes pairs with one type, too") {
  tokens pair{{5, 6, 7}};
  pair.second_text = 2;
  int runs = 0;
  model_config config = small();
  config.type_vocab_size = 1;
  config.tokenizer.tells_token_types = false;
  lane tested{config, count_letters, std::make_unique<counting_lane>(runs)};
  const auto items = tested.split(tested.model(tested.collate(std::vector<tokens>{pair})), 1);
  CHECK(items[0].value() == embedding{5, 3});
}

TEST_CASE("texts whose tokens' vectors are wanted share a batch with others, and each gets what is its") {
  int runs = 0;
  const auto items =
      run<tokens>({unpooled({5, 6}), tokens{{7}}, unpooled({20}), unpooled({8}), tokens{{9, 9}}}, runs);
  REQUIRE(items.size() == 5);
  CHECK(items[0].value() == embedding{5, 100, 6, 100});
  CHECK(items[1].value() == embedding{7, 1});
  CHECK(items[2].error() == error::unknown_token);
  CHECK(items[3].value() == embedding{8, 100});
  CHECK(items[4].value() == embedding{9, 2});
  CHECK(runs == 2);
}

TEST_CASE("where a device has no vectors of tokens, those who asked for them are refused, and nobody else") {
  struct pooling_lane final : device_lane {
    at::Tensor run(const packed_batch& batch) override {
      return at::ones({static_cast<std::int64_t>(batch.texts()), 2});
    }
  };
  lane tested{small(), count_letters, std::make_unique<pooling_lane>()};
  const std::vector<tokens> texts{unpooled({5, 6}), tokens{{7}}, unpooled({20}), unpooled({8})};
  const auto items = tested.split(tested.model(tested.collate(texts)), texts.size());
  REQUIRE(items.size() == 4);
  CHECK(items[0].error() == error::token_vectors_unsupported);
  CHECK(items[1].value() == embedding{1, 1});
  CHECK(items[2].error() == error::unknown_token);
  CHECK(items[3].error() == error::token_vectors_unsupported);
}

TEST_CASE("a string that cannot be tokenised fails its own request") {
  int runs = 0;
  const auto items = run<std::string>({"ab", "bad", "abc"}, runs);
  REQUIRE(items.size() == 3);
  CHECK(items[0].value() == embedding{2, 2});
  CHECK(items[1].error() == error::invalid_utf8);
  CHECK(items[2].value() == embedding{3, 3});
}

TEST_CASE("a NaN or an infinity in an embedding fails its own request") {
  int runs = 0;
  const auto items = run<tokens>({tokens{{13}}, tokens{{5}}, tokens{{14, 1}}}, runs);
  REQUIRE(items.size() == 3);
  CHECK(items[0].error() == error::non_finite_output);
  CHECK(items[1].value() == embedding{5, 1});
  CHECK(items[2].error() == error::non_finite_output);
}

TEST_CASE("a batch of refused texts does not run the model") {
  int runs = 0;
  const auto items = run<std::string>({"bad", "too long"}, runs);
  REQUIRE(items.size() == 2);
  CHECK(items[0].error() == error::invalid_utf8);
  CHECK(items[1].error() == error::text_too_long);
  CHECK(runs == 0);
}

TEST_CASE("libtorch's lack of memory becomes carpool's, which the batcher answers with smaller batches") {
  struct full_lane final : device_lane {
    at::Tensor run(const packed_batch&) override {
      TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory. Tried to allocate 2.00 GiB");
      return {};
    }
  };
  lane tested{small(), count_letters, std::make_unique<full_lane>()};
  const std::vector<tokens> texts{tokens{{5, 6}}};
  CHECK_THROWS_WITH_AS(tested.model(tested.collate(texts)), doctest::Contains("Tried to allocate 2.00 GiB"),
                       carpool::out_of_memory);
}
