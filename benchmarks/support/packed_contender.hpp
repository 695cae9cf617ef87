// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "support/text_batches.hpp"
#include <carpool/bert/bert.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// The packed encoder with certain options.
class packed_contender {
 public:
  packed_contender(const std::string& folder, const carpool::bert::model_options& options, std::string called,
                   double faster_than_fp32)
      : name(std::move(called)), asked(faster_than_fp32), model(folder, options), lane_(model(0)) {}

  void embed(std::span<carpool::bert::tokens> batch,
             const std::function<void(carpool::bert::embedding)>& take) {
    for (auto& item : lane_.split(lane_.model(lane_.collate(batch)), batch.size()))
      take(std::move(item.value()));
  }

  std::vector<carpool::bert::embedding> embeddings(const std::vector<carpool::bert::tokens>& texts) {
    std::vector<carpool::bert::embedding> result;
    for (auto& batch : cut(texts, 32))
      embed(batch, [&](carpool::bert::embedding vector) { result.push_back(std::move(vector)); });
    return result;
  }

  const std::string name;
  const double asked;  ///< how many times as fast as fp32 it should be
  carpool::bert::embedder model;

 private:
  carpool::bert::lane lane_;
};

/// Largest difference of two numbers, and least and mean cosine of two vectors of length 1.
struct comparison {
  double difference = 0, least = 1, mean = 0;

  comparison(const std::vector<carpool::bert::embedding>& a, const std::vector<carpool::bert::embedding>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      double cosine = 0;
      for (std::size_t k = 0; k < a[i].size(); ++k) {
        const double x = a[i][k], y = b[i][k];
        difference = std::max(difference, std::abs(x - y));
        cosine += x * y;
      }
      least = std::min(least, cosine);
      mean += cosine / static_cast<double>(a.size());
    }
  }
};

}  // namespace bench
