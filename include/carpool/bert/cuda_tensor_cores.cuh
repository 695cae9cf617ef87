// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What a warp does together on matrices of fp16 or bf16 whose elements are spread over its lanes, as PTX has
// it ("mma.m16n8k16", "movmatrix"). A word holds two neighbouring elements. Lane 4·g + c has of
//   a 16×16 matrix A the pairs (g, 2c), (g + 8, 2c), (g, 2c + 8), (g + 8, 2c + 8), by (row, first column);
//   a 16×8 matrix B the pairs (2c, g), (2c + 8, g), by (first row, column);
//   a 16×8 matrix C in fp32 the elements (g, 2c), (g, 2c + 1), (g + 8, 2c), (g + 8, 2c + 1);
//   an 8×8 matrix the pair (g, 2c).
// They need compute capability 8.0; compiled for less they do nothing, so that the rest can be used there. On
// the host the tests put their own in the place of these.

#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#ifdef __CUDACC__
namespace carpool::bert::device {

/// C += A·B
__device__ inline void multiply_add(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1, __half) {
#if __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#endif
}
__device__ inline void multiply_add(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1,
                                    __nv_bfloat16) {
#if __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#endif
}

/// An 8×8 matrix with rows and columns exchanged.
__device__ inline unsigned transposed(unsigned matrix) {
  unsigned result;
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(result) : "r"(matrix));
  return result;
}

/// 2^x, to 22 bits.
__device__ inline float power_of_two(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

}  // namespace carpool::bert::device
#endif
