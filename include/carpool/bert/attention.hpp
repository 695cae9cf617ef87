// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/avx2_attention.hpp>
#include <carpool/bert/for_each_index.hpp>
#include <carpool/bert/packed_batch.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/_efficient_attention_forward.h>
#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>

#ifdef CARPOOL_BERT_CUDA
#include <cuda_runtime_api.h>
#endif
#ifdef CARPOOL_BERT_KERNELS
#include <carpool/bert/cuda_fused.hpp>
#endif

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

namespace carpool::bert {

#ifdef CARPOOL_BERT_CUDA
/// Whether the matrix instructions that attention is written with run there: on CUDA devices of compute
/// capability 8.0 or later.
inline bool multiplies_in_warps(c10::Device device) {
  int major = 0;
  return device.is_cuda() &&
         cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device.index()) == cudaSuccess &&
         major >= 8;
}
#endif

/// Whether carpool's kernel for the attention of packed texts runs with these settings: fp16 or bf16 on a
/// CUDA device of compute capability 8.0 or later, heads of 32 or 64 features.
inline bool has_packed_attention(const at::TensorOptions& target, std::int64_t head_size) {
#ifdef CARPOOL_BERT_KERNELS
  return cuda::attends(target.dtype().toScalarType(), head_size) && multiplies_in_warps(target.device());
#else
  static_cast<void>(target);
  static_cast<void>(head_size);
  return false;
#endif
}

#ifdef CARPOOL_BERT_CUDA
/// Whether this libtorch has the operator, which is not part of its public interface, for CUDA.
inline bool has_cuda_operator(const char* name) {
  const auto found = c10::Dispatcher::singleton().findSchema({name, ""});
  return found && found->hasKernelForDispatchKey(c10::DispatchKey::CUDA);
}
#endif

/// Whether libtorch's flash attention for variable lengths runs with these settings: fp16 or bf16 on a CUDA
/// device of compute capability 8.0 or later, heads of at most 256 features, a multiple of 8.
inline bool has_flash_attention(const at::TensorOptions& target, std::int64_t head_size) {
#ifdef CARPOOL_BERT_CUDA
  const auto type = target.dtype().toScalarType();
  return (type == at::kHalf || type == at::kBFloat16) && head_size <= 256 && head_size % 8 == 0 &&
         multiplies_in_warps(target.device()) && has_cuda_operator("aten::_flash_attention_forward");
#else
  static_cast<void>(target);
  static_cast<void>(head_size);
  return false;
#endif
}

/// Whether libtorch's attention that saves memory runs with these settings: any CUDA device, also in fp32;
/// heads of a multiple of 8 features.
inline bool has_efficient_attention(const at::TensorOptions& target, std::int64_t head_size) {
#ifdef CARPOOL_BERT_CUDA
  return target.device().is_cuda() && head_size % 8 == 0 &&
         has_cuda_operator("aten::_efficient_attention_forward");
#else
  static_cast<void>(target);
  static_cast<void>(head_size);
  return false;
#endif
}

/// Who computes the attention of packed texts.
enum class attention_kernel {
  packed,     ///< carpool's own
  flash,      ///< libtorch's flash attention
  efficient,  ///< libtorch's attention that saves memory
  per_text,   ///< whatever libtorch takes for one text, one after the other
};

/// As in "attention by carpool's kernel", for people who wonder how fast it is.
inline std::string_view name_of(attention_kernel kernel) noexcept {
  switch (kernel) {
    case attention_kernel::packed:
      return "carpool's kernel";
    case attention_kernel::flash:
      return "libtorch's flash attention";
    case attention_kernel::efficient:
      return "libtorch's memory-efficient attention";
    case attention_kernel::per_text:
      break;
  }
  return "libtorch, one text after the other, because no kernel for packed texts takes heads of this size";
}

/// The fastest that runs with these settings.
inline attention_kernel choose_attention(const at::TensorOptions& target, std::int64_t head_size) {
  if (has_packed_attention(target, head_size)) return attention_kernel::packed;
  if (has_flash_attention(target, head_size)) return attention_kernel::flash;
  if (has_efficient_attention(target, head_size)) return attention_kernel::efficient;
  return attention_kernel::per_text;
}

/// Multi-head self-attention of each text with itself, one kernel for all texts. qkv [rows, 3·heads·d], the
/// projections side by side; offsets [texts + 1] int32 on the device -> [rows, heads·d]; rows past the last
/// text are undefined.
inline at::Tensor flash_attention(const at::Tensor& qkv, const at::Tensor& offsets, std::size_t longest,
                                  std::int64_t heads) {
  const std::int64_t width = qkv.size(1) / 3;
  const at::Tensor parts = qkv.view({qkv.size(0), 3, heads, width / heads});
  const auto length = static_cast<std::int64_t>(longest);
  const at::Tensor result = std::get<0>(
      at::_flash_attention_forward(parts.select(1, 0), parts.select(1, 1), parts.select(1, 2), offsets,
                                   offsets, length, length, /*dropout_p=*/0.0, /*is_causal=*/false,
                                   /*return_debug_mask=*/false));
  return result.reshape({qkv.size(0), width});
}

/// The same with the other of libtorch's kernels.
inline at::Tensor efficient_attention(const at::Tensor& qkv, const at::Tensor& offsets, std::size_t longest,
                                      std::int64_t heads) {
  const std::int64_t width = qkv.size(1) / 3;
  const at::Tensor parts = qkv.view({1, qkv.size(0), 3, heads, width / heads});
  const auto length = static_cast<std::int64_t>(longest);
  const at::Tensor result = std::get<0>(at::_efficient_attention_forward(
      parts.select(2, 0), parts.select(2, 1), parts.select(2, 2), /*bias=*/std::nullopt, offsets, offsets,
      length, length, /*dropout_p=*/0.0, /*custom_mask_type=*/0));
  return result.reshape({qkv.size(0), width});
}

/// The same text by text, for every device and type, with libtorch's kernel: each text at its exact length,
/// without a mask and without computing anything for padding. Rows past the last text are 0.
inline at::Tensor sdpa_per_text(const at::Tensor& qkv, const packed_batch& batch, std::int64_t heads) {
  const std::int64_t rows = qkv.size(0);
  const std::int64_t width = qkv.size(1) / 3;
  const std::int64_t head_size = width / heads;
  std::vector<at::Tensor> results;
  results.reserve(batch.texts() + 1);
  for (std::size_t text = 0; text < batch.texts(); ++text) {
    const std::int64_t first = batch.offsets()[text];
    const std::int64_t length = batch.offsets()[text + 1] - first;
    const auto part = [&](std::int64_t which) {  // [1, heads, length, d] inside qkv
      return qkv.as_strided({1, heads, length, head_size}, {rows * 3 * width, head_size, 3 * width, 1},
                            first * 3 * width + which * width);
    };
    const at::Tensor result = at::scaled_dot_product_attention(part(0), part(1), part(2));
    results.push_back(result.transpose(1, 2).reshape({length, width}));
  }
  const std::int64_t tokens = batch.offsets().back();
  if (tokens < rows) results.push_back(at::zeros({rows - tokens, width}, qkv.options()));
  return at::cat(results);
}

#ifdef __x86_64__
/// Whether avx2_attention runs with such projections, and is the faster one.
inline bool suits_avx2(const at::Tensor& qkv, std::int64_t head_size) {
  static const bool best = avx2_attention::is_best_here();
  return best && qkv.is_cpu() && qkv.scalar_type() == at::kFloat && head_size % 16 == 0;
}

/// As sdpa_per_text, with a kernel of our own; `qkv` is contiguous, in fp32 on the CPU.
inline at::Tensor avx2_per_text(const at::Tensor& qkv, const packed_batch& batch, std::int64_t heads) {
  const std::int64_t width = qkv.size(1) / 3, size = width / heads;
  const auto texts = static_cast<std::int64_t>(batch.texts());
  at::Tensor result = at::empty({qkv.size(0), width}, qkv.options());
  const float* const from = qkv.const_data_ptr<float>();
  float* const to = result.mutable_data_ptr<float>();
  const avx2_attention attend(size, 3 * width, width);
  constexpr std::int64_t heads_worth_a_thread = 8;
  // Text by text within a head, so that threads get texts of all lengths.
  for_each_index(heads * texts, heads_worth_a_thread, [&](std::int64_t i) {
    const auto text = static_cast<std::size_t>(i % texts);
    const std::int64_t first = batch.offsets()[text], column = i / texts * size;
    const float* const q = from + first * 3 * width + column;
    attend(q, q + width, q + 2 * width, batch.offsets()[text + 1] - first, to + first * width + column);
  });
  const std::int64_t tokens = batch.offsets().back();
  result.narrow(0, tokens, qkv.size(0) - tokens).zero_();
  return result;
}
#endif

/// Text by text, with the faster of the two.
inline at::Tensor attention_per_text(const at::Tensor& qkv, const packed_batch& batch, std::int64_t heads) {
#ifdef __x86_64__
  if (suits_avx2(qkv, qkv.size(1) / 3 / heads)) return avx2_per_text(qkv, batch, heads);
#endif
  return sdpa_per_text(qkv, batch, heads);
}

}  // namespace carpool::bert
