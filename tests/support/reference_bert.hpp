// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/checkpoint.hpp"
#include <carpool/bert/config.hpp>
#include <carpool/bert/tokens.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace carpool::test {

/// BERT by the book: one text, plain loops, double precision. Slow and short, to be compared with.
class reference_bert {
 public:
  using vector = std::vector<double>;
  using matrix = std::vector<vector>;  ///< one row per token

  reference_bert(const bert::model_config& config, const checkpoint& weights)
      : config_(config), weights_(weights) {}

  vector embed(const bert::tokens& text) const { return pool(encode(text)); }

  /// What the last layer makes of each token.
  matrix encode(const bert::tokens& text) const {
    const std::vector<std::int32_t>& ids = text.ids;
    const auto type_of = [&](std::size_t i) {
      return text.second_text != 0 && i >= text.second_text ? 1U : 0U;
    };
    matrix hidden;
    for (std::size_t position = 0; position < ids.size(); ++position) {
      vector row = table_row("embeddings.word_embeddings", static_cast<std::size_t>(ids[position]));
      add(row, table_row("embeddings.position_embeddings", position));
      add(row, table_row("embeddings.token_type_embeddings", type_of(position)));
      hidden.push_back(norm("embeddings.LayerNorm", row));
    }
    for (std::int64_t index = 0; index < config_.layers; ++index)
      layer("encoder.layer." + std::to_string(index) + ".", hidden);
    return hidden;
  }

  /// softmax(q·kᵀ / sqrt(d))·v for each head of one text.
  static matrix attention(const matrix& query, const matrix& key, const matrix& value, std::size_t heads) {
    const std::size_t head_size = query[0].size() / heads;
    matrix result(query.size(), vector(query[0].size()));
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t first = head * head_size;
      for (std::size_t i = 0; i < query.size(); ++i) {
        vector scores;
        for (const vector& k : key) {
          double score = 0;
          for (std::size_t c = first; c < first + head_size; ++c) score += query[i][c] * k[c];
          scores.push_back(score / std::sqrt(static_cast<double>(head_size)));
        }
        const double largest = *std::max_element(scores.begin(), scores.end());
        double sum = 0;
        for (double& score : scores) sum += score = std::exp(score - largest);
        for (std::size_t j = 0; j < value.size(); ++j) {
          for (std::size_t c = first; c < first + head_size; ++c)
            result[i][c] += scores[j] / sum * value[j][c];
        }
      }
    }
    return result;
  }

  static double gelu(double x, bert::activation kind) {
    if (kind == bert::activation::gelu) return x * 0.5 * std::erfc(-x * std::sqrt(0.5));
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
  }

 private:
  const checkpoint::tensor& tensor(const std::string& name) const { return weights_.tensors.at(name); }

  vector table_row(const std::string& name, std::size_t row) const {
    const auto& values = tensor(name + ".weight").values;
    const auto width = static_cast<std::size_t>(config_.hidden_size);
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row * width);
    return {begin, begin + static_cast<std::ptrdiff_t>(width)};
  }

  static void add(vector& x, const vector& y) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
  }

  vector norm(const std::string& name, const vector& x) const {
    double mean = 0;
    double variance = 0;
    for (const double value : x) mean += value / static_cast<double>(x.size());
    for (const double value : x) variance += (value - mean) * (value - mean) / static_cast<double>(x.size());
    vector y;
    for (std::size_t i = 0; i < x.size(); ++i) {
      y.push_back((x[i] - mean) / std::sqrt(variance + config_.layer_norm_eps) *
                      tensor(name + ".weight").values[i] +
                  tensor(name + ".bias").values[i]);
    }
    return y;
  }

  vector linear(const std::string& name, const vector& x) const {
    const checkpoint::tensor& weight = tensor(name + ".weight");
    vector y;
    for (std::size_t out = 0; out < static_cast<std::size_t>(weight.shape[0]); ++out) {
      double sum = tensor(name + ".bias").values[out];
      for (std::size_t in = 0; in < x.size(); ++in) sum += weight.values[out * x.size() + in] * x[in];
      y.push_back(sum);
    }
    return y;
  }

  matrix linear(const std::string& name, const matrix& rows) const {
    matrix result;
    for (const vector& row : rows) result.push_back(linear(name, row));
    return result;
  }

  void layer(const std::string& name, matrix& hidden) const {
    const matrix context =
        attention(linear(name + "attention.self.query", hidden), linear(name + "attention.self.key", hidden),
                  linear(name + "attention.self.value", hidden), static_cast<std::size_t>(config_.heads));
    for (std::size_t row = 0; row < hidden.size(); ++row) {
      add(hidden[row], linear(name + "attention.output.dense", context[row]));
      hidden[row] = norm(name + "attention.output.LayerNorm", hidden[row]);
      vector inner = linear(name + "intermediate.dense", hidden[row]);
      for (double& value : inner) value = gelu(value, config_.activation);
      add(hidden[row], linear(name + "output.dense", inner));
      hidden[row] = norm(name + "output.LayerNorm", hidden[row]);
    }
  }

  vector pool(const matrix& hidden) const {
    vector result(hidden[0].size());
    const std::size_t used = config_.pooling == bert::pooling::cls ? 1 : hidden.size();
    for (std::size_t row = 0; row < used; ++row) add(result, hidden[row]);
    double length = 0;
    for (double& value : result) value /= static_cast<double>(used);
    for (const double value : result) length += value * value;
    if (config_.normalize) {
      for (double& value : result) value /= std::sqrt(length);
    }
    return result;
  }

  const bert::model_config& config_;
  const checkpoint& weights_;
};

}  // namespace carpool::test
