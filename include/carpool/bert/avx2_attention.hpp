// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#ifdef __x86_64__

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>

namespace carpool::bert {

/// Scaled dot-product attention of one head of one text with itself, in fp32, for CPUs with AVX2 and FMA:
/// softmax(q·kᵀ / sqrt(size)) · v. `size` is a multiple of 16. What a text gets depends on nothing else.
///
/// libtorch's kernel calls a matrix library for each head and block, which for the short texts of an
/// embedding model copies and dispatches longer than it multiplies. On one core of an AMD EPYC with AVX2 this
/// one is about twice as fast for texts of up to 16 tokens, 1.5 times with 32 to 64, and as fast with 512.
class avx2_attention {
 public:
  /// Whether this CPU has the instructions; and not AVX-512, whose registers, of twice the size, libtorch's
  /// kernel uses and this one does not. Never in a build without optimisation, which libtorch's kernel has.
  static bool is_best_here() {
#ifdef __OPTIMIZE__
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
           __builtin_cpu_supports("avx512f") == 0;
#else
    return false;
#endif
  }

  /// Rows of `q`, `k` and `v` are `stride` floats apart, those of `out` `out_stride`; all have `size` floats.
  avx2_attention(std::int64_t size, std::int64_t stride, std::int64_t out_stride)
      : size_(size), stride_(stride), out_stride_(out_stride) {}

  void operator()(const float* q, const float* k, const float* v, std::int64_t length, float* out) const {
    const std::int64_t padded = (length + block - 1) / block * block;
    const auto scratch =
        std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>((size_ + abreast) * padded));
    float* const keys = scratch.get();
    float* const weights = keys + size_ * padded;
    transpose(k, length, padded, keys);
    const rows<float> weight_rows(weights, 0, abreast, padded);
    for (std::int64_t first = 0; first < length; first += abreast) {
      const rows<const float> queries(q, first, length, stride_);
      for (std::int64_t key = 0; key < padded; key += block)
        multiply(queries, size_, keys + key, padded, rows<float>(weights + key, 0, abreast, padded));
      for (float* each : weight_rows.at) softmax(each, length, padded);
      for (std::int64_t column = 0; column < size_; column += block)
        multiply(rows<const float>(weights, 0, abreast, padded), length, v + column, stride_,
                 rows<float>(out + column, first, length, out_stride_));
    }
  }

 private:
  static constexpr std::int64_t lanes = 8;          // floats in a register
  static constexpr std::int64_t block = 2 * lanes;  // columns at a time
  static constexpr std::int64_t abreast = 6;        // rows at a time: 12 of 16 registers hold their sums

  /// Rows [first, first + abreast) of `count`; in place of those past the last one it comes again.
  template <class Float>
  struct rows {
    rows(Float* all, std::int64_t first, std::int64_t count, std::int64_t stride) {
      for (std::int64_t i = 0; i < abreast; ++i) at[i] = all + std::min(first + i, count - 1) * stride;
    }
    Float* at[abreast];
  };

  /// k [length, size] -> [size, padded], the last key again in place of those that there are not.
  [[gnu::target("avx2,fma")]] void transpose(const float* k, std::int64_t length, std::int64_t padded,
                                             float* to) const {
    for (std::int64_t key = 0; key < padded; key += lanes)
      for (std::int64_t i = 0; i < size_; i += lanes) {
        const float* from[lanes];
        for (std::int64_t row = 0; row < lanes; ++row)
          from[row] = k + std::min(key + row, length - 1) * stride_ + i;
        transpose_square(from, to + i * padded + key, padded);
      }
  }

  /// 8 rows of 8 -> 8 columns, `stride` apart.
  [[gnu::target("avx2,fma")]] static void transpose_square(const float* const* from, float* to,
                                                           std::int64_t stride) {
    for (int half = 0; half < 2; ++half) {  // 4 columns each
      const int at = 4 * half;
      const __m256 a = load(from[0] + at, from[4] + at), b = load(from[1] + at, from[5] + at),
                   c = load(from[2] + at, from[6] + at), d = load(from[3] + at, from[7] + at);
      const __m256 ab = _mm256_unpacklo_ps(a, b), cd = _mm256_unpacklo_ps(c, d),
                   ab_high = _mm256_unpackhi_ps(a, b), cd_high = _mm256_unpackhi_ps(c, d);
      _mm256_storeu_ps(to + (at + 0) * stride, _mm256_shuffle_ps(ab, cd, 0x44));
      _mm256_storeu_ps(to + (at + 1) * stride, _mm256_shuffle_ps(ab, cd, 0xee));
      _mm256_storeu_ps(to + (at + 2) * stride, _mm256_shuffle_ps(ab_high, cd_high, 0x44));
      _mm256_storeu_ps(to + (at + 3) * stride, _mm256_shuffle_ps(ab_high, cd_high, 0xee));
    }
  }

  /// to[row][column] = sum over i < terms of a[row][i] * b[i][column], for 6 rows and 16 columns. An array of
  /// the 12 sums would be kept in memory.
  [[gnu::target("avx2,fma")]] static void multiply(const rows<const float>& a, std::int64_t terms,
                                                   const float* b, std::int64_t b_stride,
                                                   const rows<float>& to) {
    __m256 low0 = _mm256_setzero_ps(), low1 = low0, low2 = low0, low3 = low0, low4 = low0, low5 = low0;
    __m256 high0 = low0, high1 = low0, high2 = low0, high3 = low0, high4 = low0, high5 = low0;
    for (std::int64_t i = 0; i < terms; ++i, b += b_stride) {
      const __m256 low = _mm256_loadu_ps(b), high = _mm256_loadu_ps(b + lanes);
      add(a.at[0] + i, low, high, low0, high0);
      add(a.at[1] + i, low, high, low1, high1);
      add(a.at[2] + i, low, high, low2, high2);
      add(a.at[3] + i, low, high, low3, high3);
      add(a.at[4] + i, low, high, low4, high4);
      add(a.at[5] + i, low, high, low5, high5);
    }
    store(to.at[0], low0, high0);
    store(to.at[1], low1, high1);
    store(to.at[2], low2, high2);
    store(to.at[3], low3, high3);
    store(to.at[4], low4, high4);
    store(to.at[5], low5, high5);
  }

  [[gnu::target("avx2,fma"), gnu::always_inline]] static inline void add(const float* factor, __m256 low,
                                                                         __m256 high, __m256& low_sum,
                                                                         __m256& high_sum) {
    const __m256 all = _mm256_broadcast_ss(factor);
    low_sum = _mm256_fmadd_ps(all, low, low_sum);
    high_sum = _mm256_fmadd_ps(all, high, high_sum);
  }

  [[gnu::target("avx2,fma"), gnu::always_inline]] static inline __m256 load(const float* low,
                                                                            const float* high) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
  }

  [[gnu::target("avx2,fma"), gnu::always_inline]] static inline void store(float* to, __m256 low,
                                                                           __m256 high) {
    _mm256_storeu_ps(to, low);
    _mm256_storeu_ps(to + lanes, high);
  }

  /// Scores -> exp((score - the largest) / sqrt(size)), divided by their sum; what is behind them is no
  /// score.
  [[gnu::target("avx2,fma")]] void softmax(float* scores, std::int64_t length, std::int64_t padded) const {
    std::fill(scores + length, scores + padded, -std::numeric_limits<float>::infinity());
    __m256 largest = _mm256_loadu_ps(scores);
    for (std::int64_t i = lanes; i < padded; i += lanes)
      largest = _mm256_max_ps(largest, _mm256_loadu_ps(scores + i));
    const __m256 most = largest_of(largest);
    const __m256 scale = _mm256_set1_ps(1 / std::sqrt(static_cast<float>(size_)));
    __m256 sum = _mm256_setzero_ps();
    for (std::int64_t i = 0; i < padded; i += lanes) {
      const __m256 x = _mm256_mul_ps(_mm256_sub_ps(_mm256_loadu_ps(scores + i), most), scale);
      const __m256 y = exp(x);
      _mm256_storeu_ps(scores + i, y);
      sum = _mm256_add_ps(sum, y);
    }
    const __m256 share = _mm256_div_ps(_mm256_set1_ps(1), sum_of(sum));
    for (std::int64_t i = 0; i < padded; i += lanes)
      _mm256_storeu_ps(scores + i, _mm256_mul_ps(_mm256_loadu_ps(scores + i), share));
  }

  /// In all places of the result.
  [[gnu::target("avx2,fma"), gnu::always_inline]] static inline __m256 largest_of(__m256 x) {
    x = _mm256_max_ps(x, _mm256_permute2f128_ps(x, x, 1));
    x = _mm256_max_ps(x, _mm256_shuffle_ps(x, x, 0x4e));
    return _mm256_max_ps(x, _mm256_shuffle_ps(x, x, 0xb1));
  }

  [[gnu::target("avx2,fma"), gnu::always_inline]] static inline __m256 sum_of(__m256 x) {
    x = _mm256_add_ps(x, _mm256_permute2f128_ps(x, x, 1));
    x = _mm256_add_ps(x, _mm256_shuffle_ps(x, x, 0x4e));
    return _mm256_add_ps(x, _mm256_shuffle_ps(x, x, 0xb1));
  }

  /// Of x <= 0, to 2 units in the last place; below -87 that of -87. A NaN stays one. x = n·ln 2 + r, and
  /// exp(r) by the polynomial of Cephes' expf.
  [[gnu::target("avx2,fma"), gnu::always_inline]] static inline __m256 exp(__m256 x) {
    x = _mm256_max_ps(_mm256_set1_ps(-87.0F), x);  // of a NaN and another, the second one comes out
    const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504088896341F)),
                                     _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375F), x);
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4F), r);
    __m256 y = _mm256_set1_ps(1.9875691500e-4F);
    for (const float next : {1.3981999507e-3F, 8.3334519073e-3F, 4.1665795894e-2F, 1.6666665459e-1F, 0.5F})
      y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(next));
    y = _mm256_fmadd_ps(y, _mm256_mul_ps(r, r), _mm256_add_ps(r, _mm256_set1_ps(1)));
    const __m256i power = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);  // of 2, added to the exponent
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(y), power));
  }

  std::int64_t size_, stride_, out_stride_;
};

}  // namespace carpool::bert

#endif
