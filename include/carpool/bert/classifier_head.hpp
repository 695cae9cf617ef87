// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/linear.hpp>
#include <carpool/bert/weights.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace carpool::bert {

/// The head of BertForSequenceClassification: classifier(tanh(pooler(x))), x being the vector of [CLS]. In
/// fp32 whatever the encoder computes in. Immutable, so that threads may share it.
///
/// Matrices with few rows or columns are multiplied in other ways, which add up in another order. Here each
/// has 16 at least, so that a text's logits do not depend on how many texts there are.
class classifier_head {
 public:
  classifier_head(const head_weights& weights, c10::Device device, bool invariant = false)
      : labels_(weights.classifier.bias.size(0)),
        pooler_(make_linear(weights.pooler.weight, weights.pooler.bias, device, invariant)),
        classifier_(make_linear(at_least_16(weights.classifier.weight), at_least_16(weights.classifier.bias),
                                device, invariant)) {}

  /// cls [texts, hidden] in fp32 -> [texts, labels], the logits.
  at::Tensor operator()(const at::Tensor& cls) const {
    const at::Tensor logits = classifier_(pooler_(at_least_16(cls)).tanh_());
    return logits.narrow(0, 0, cls.size(0)).narrow(1, 0, labels_).contiguous();
  }

 private:
  static linear make_linear(const at::Tensor& weight, const at::Tensor& bias, c10::Device device,
                            bool invariant) {
    // Not on oneDNN, which compiles a kernel for each number of texts that it meets.
    return {weight.to(device), bias.to(device), std::nullopt, {.invariant = invariant}};
  }

  /// With rows of zeros behind its own.
  static at::Tensor at_least_16(const at::Tensor& rows) {
    const std::int64_t missing = 16 - rows.size(0);
    if (missing <= 0) return rows;
    std::vector<std::int64_t> shape = rows.sizes().vec();
    shape[0] = missing;
    return at::cat({rows, at::zeros(shape, rows.options())});
  }

  std::int64_t labels_;
  linear pooler_;
  linear classifier_;
};

}  // namespace carpool::bert
