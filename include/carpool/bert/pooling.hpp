// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/config.hpp>

#ifdef CARPOOL_BERT_KERNELS
#include <carpool/bert/cuda_fused.hpp>
#endif

#include <ATen/core/Tensor.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/segment_reduce.h>

#include <optional>

namespace carpool::bert {

/// One vector per text: the mean of its tokens' vectors, or the first of them. hidden [rows, n], offsets
/// [texts + 1]
/// -> [texts, n] in fp32.
inline at::Tensor pool(const at::Tensor& hidden, const at::Tensor& offsets, pooling how) {
  if (how == pooling::cls) {
    at::Tensor firsts = offsets.narrow(0, 0, offsets.size(0) - 1);
    if (hidden.is_cuda()) firsts = firsts.clamp_max(hidden.size(0) - 1);  // texts without tokens at the end
    return hidden.index_select(0, firsts).to(at::kFloat);
  }
  // In fp32, because segment_reduce adds up in the type it is given: an fp16 sum stops growing at 2048.
  return at::segment_reduce(hidden.to(at::kFloat), "mean", std::nullopt, std::nullopt, offsets, 0,
                            /*unsafe=*/true);
}

/// Each row scaled to Euclidean length 1; a row of zeros stays one.
inline at::Tensor normalize(const at::Tensor& rows) {
  return rows.div(at::linalg_vector_norm(rows, 2, {1}, /*keepdim=*/true).clamp_min(1e-12));
}

/// Both: pools and, if asked, normalises.
inline at::Tensor pool(const at::Tensor& hidden, const at::Tensor& offsets, pooling how, bool normalized) {
#ifdef CARPOOL_BERT_KERNELS
  if (cuda::fits(hidden)) return cuda::pool(hidden, offsets, how == pooling::cls, normalized);
#endif
  const at::Tensor pooled = pool(hidden, offsets, how);
  return normalized ? normalize(pooled) : pooled;
}

}  // namespace carpool::bert
