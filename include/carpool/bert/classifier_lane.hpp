// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/config.hpp>
#include <carpool/bert/device_lane.hpp>
#include <carpool/bert/lane.hpp>
#include <carpool/bert/prediction.hpp>
#include <carpool/bert/tokens.hpp>

#include <boost/system/result.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace carpool::bert {

/// Two texts that are looked at together, as a query and a document.
struct text_pair {
  std::string first;
  std::string second;
};

/// The functor set of one lane of a classifier: like `lane`, also for pairs of strings, and with predictions
/// as results.
class classifier_lane : private lane {
 public:
  using lane::can_run_again;
  using lane::tokenizer;
  using pair_tokenizer = std::function<tokens(const text_pair&)>;

  /// `config` is a classifier's. The tokenisers report a bad text by throwing `boost::system::system_error`.
  classifier_lane(const model_config& config, tokenizer tokenize, pair_tokenizer tokenize_pair,
                  std::unique_ptr<device_lane> device)
      : lane(config, std::move(tokenize), std::move(device)),
        tokenize_pair_(std::move(tokenize_pair)),
        score_function_(config.classifier.value().score_function) {}

  using lane::collate;
  lane_batch collate(std::span<const text_pair> pairs) const { return collate_as(pairs, tokenize_pair_); }

  using lane::model;

  std::vector<boost::system::result<prediction>> split(const lane_result& result, std::size_t count) const {
    std::vector<boost::system::result<prediction>> items;
    items.reserve(count);
    for (boost::system::result<std::vector<float>>& logits : lane::split(result, count)) {
      if (logits) {
        items.emplace_back(prediction{std::move(*logits), score_function_});
      } else {
        items.emplace_back(logits.error());
      }
    }
    return items;
  }

 private:
  pair_tokenizer tokenize_pair_;
  bert::score_function score_function_;
};

}  // namespace carpool::bert
