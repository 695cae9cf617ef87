/* Copyright (c) 2026 The carpool authors
 * SPDX-License-Identifier: BSL-1.0
 *
 * Our own CUDA kernels, as functions of C that know nothing of libtorch: cuda_kernels.cu is compiled by nvcc,
 * which must not see libtorch's headers. All pointers are to the device's memory, matrices are contiguous,
 * and nothing waits: the work is put on `stream` (a cudaStream_t). Each returns a cudaError_t, 0 for success.
 */
#ifndef CARPOOL_BERT_CUDA_KERNELS_H
#define CARPOOL_BERT_CUDA_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The type of every `void*` below; sums are taken in fp32 whatever it is. */
enum carpool_cuda_type { carpool_cuda_fp32 = 0, carpool_cuda_fp16 = 1, carpool_cuda_bf16 = 2 };

/* Widest rows that the kernels take; what is wider is libtorch's business. */
enum { carpool_cuda_most_hidden = 8192 };

/* out[r] = norm(words[ids[r]] + positions[places[r]]), with norm(x) = (x - mean) / sqrt(variance + eps) *
 * scale + shift. words [*, hidden], positions [*, hidden], ids and places [rows], scale and shift [hidden] ->
 * out [rows, hidden] */
int carpool_cuda_embedding_norm(enum carpool_cuda_type type, const void* words, const int32_t* ids,
                                const void* positions, const int32_t* places, const void* scale,
                                const void* shift, float eps, void* out, int64_t rows, int64_t hidden,
                                void* stream);

/* out = norm(x + residual); `out` may be `x` or `residual`. x, residual, out [rows, hidden] */
int carpool_cuda_residual_norm(enum carpool_cuda_type type, const void* x, const void* residual,
                               const void* scale, const void* shift, float eps, void* out, int64_t rows,
                               int64_t hidden, void* stream);

/* One row per text: the mean of the rows offsets[t] up to offsets[t + 1] of `x`, or the first of them, then,
 * if asked, scaled to Euclidean length 1. A text without rows gives zeros. The order of additions depends on
 * the text's length alone, so its result does not depend on its companions. x [*, hidden], offsets [texts +
 * 1] -> out [texts, hidden] in fp32 */
int carpool_cuda_pool(enum carpool_cuda_type type, const void* x, const int32_t* offsets, int first_only,
                      int normalize, float* out, int64_t texts, int64_t hidden, void* stream);

/* Self-attention of each text with itself: softmax(q·kᵀ / sqrt(head_size))·v. Only for fp16 and bf16, heads
 * of 32 or 64 numbers, and devices of compute capability 8.0 or later; else an error. Rows past the last text
 * are left as they are. Both matrices begin at multiples of 16 bytes. qkv [rows, 3, heads, head_size],
 * offsets [texts + 1] -> out [rows, heads, head_size] */
int carpool_cuda_attention(enum carpool_cuda_type type, const void* qkv, const int32_t* offsets, void* out,
                           int64_t rows, int64_t texts, int64_t heads, int64_t head_size, void* stream);

#ifdef __cplusplus
}
#endif

#endif
