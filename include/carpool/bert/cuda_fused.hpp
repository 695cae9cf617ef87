// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// carpool's own CUDA kernels on tensors. Each does what several of libtorch's kernels would, with less
// traffic to memory; encoder.hpp says which.
#pragma once

#include <carpool/bert/cuda_kernels.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <cstdint>

namespace carpool::bert::cuda {

/// Whether the kernels take rows like these.
[[nodiscard]] inline bool fits(const at::Tensor& rows) {
  const at::ScalarType type = rows.scalar_type();
  return rows.is_cuda() && rows.is_contiguous() && rows.size(-1) <= carpool_cuda_most_hidden &&
         (type == at::kFloat || type == at::kHalf || type == at::kBFloat16);
}

[[nodiscard]] inline carpool_cuda_type type_of(const at::Tensor& tensor) {
  if (tensor.scalar_type() == at::kHalf) return carpool_cuda_fp16;
  return tensor.scalar_type() == at::kBFloat16 ? carpool_cuda_bf16 : carpool_cuda_fp32;
}

inline void check(int status) { C10_CUDA_CHECK(static_cast<cudaError_t>(status)); }

/// norm(words[ids] + positions[places]) -> [rows, hidden]
inline at::Tensor embedding_norm(const at::Tensor& words, const at::Tensor& ids, const at::Tensor& positions,
                                 const at::Tensor& places, const at::Tensor& scale, const at::Tensor& shift,
                                 double eps) {
  at::Tensor out = at::empty({ids.size(0), words.size(1)}, words.options());
  check(carpool_cuda_embedding_norm(type_of(words), words.const_data_ptr(),
                                    ids.const_data_ptr<std::int32_t>(), positions.const_data_ptr(),
                                    places.const_data_ptr<std::int32_t>(), scale.const_data_ptr(),
                                    shift.const_data_ptr(), static_cast<float>(eps), out.mutable_data_ptr(),
                                    out.size(0), out.size(1), c10::cuda::getCurrentCUDAStream().stream()));
  return out;
}

/// norm(x + residual), in the place of x, which is returned.
inline at::Tensor residual_norm(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& scale,
                                const at::Tensor& shift, double eps) {
  check(carpool_cuda_residual_norm(type_of(x), x.const_data_ptr(), residual.const_data_ptr(),
                                   scale.const_data_ptr(), shift.const_data_ptr(), static_cast<float>(eps),
                                   x.mutable_data_ptr(), x.size(0), x.size(1),
                                   c10::cuda::getCurrentCUDAStream().stream()));
  return x;
}

/// -> [texts, hidden] in fp32
inline at::Tensor pool(const at::Tensor& hidden, const at::Tensor& offsets, bool first_only, bool normalize) {
  at::Tensor out = at::empty({offsets.size(0) - 1, hidden.size(1)}, hidden.options().dtype(at::kFloat));
  check(carpool_cuda_pool(type_of(hidden), hidden.const_data_ptr(), offsets.const_data_ptr<std::int32_t>(),
                          first_only ? 1 : 0, normalize ? 1 : 0, out.mutable_data_ptr<float>(), out.size(0),
                          out.size(1), c10::cuda::getCurrentCUDAStream().stream()));
  return out;
}

/// Whether attention() takes such a type and width of a head, on devices of compute capability 8.0 or later.
[[nodiscard]] inline bool attends(at::ScalarType type, std::int64_t head_size) noexcept {
  return (type == at::kHalf || type == at::kBFloat16) && (head_size == 32 || head_size == 64);
}

/// Self-attention of each text with itself. qkv [rows, 3·heads·d], the projections side by side, offsets
/// [texts + 1] -> [rows, heads·d]; rows past the last text are undefined.
inline at::Tensor attention(const at::Tensor& qkv, const at::Tensor& offsets, std::int64_t heads) {
  const std::int64_t width = qkv.size(1) / 3;
  at::Tensor out = at::empty({qkv.size(0), width}, qkv.options());
  check(carpool_cuda_attention(type_of(qkv), qkv.const_data_ptr(), offsets.const_data_ptr<std::int32_t>(),
                               out.mutable_data_ptr(), qkv.size(0), offsets.size(0) - 1, heads, width / heads,
                               c10::cuda::getCurrentCUDAStream().stream()));
  return out;
}

}  // namespace carpool::bert::cuda
