// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Attention for texts that lie one behind the other, made for short ones: a warp takes 32 tokens of one text
// and one head, and goes over the text's keys once, 16 at a time, with the softmax of what it has seen so far
// (Milakov and Gimelshein, 2018; Dao et al., 2022). It needs neither shared memory nor another warp. What a
// token gets depends on its text alone, and on its place in it.
//
// All loads and stores are of 16 bytes: of a row of a head, lane 4·g + c takes the elements 8c up to 8c + 8.
// Products are sums over all elements, so it does not matter in which order the matrices have them, as long
// as it is the same one for queries and keys; and where values get to is where the result is taken from.

#pragma once

#include "cuda_kernels.cuh"
#include "cuda_tensor_cores.cuh"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstring>

namespace carpool::bert::device {

constexpr int attention_rows = 32;  // tokens of a warp

/// Blocks are handed out to texts by their offsets, so that nobody has to count: text t has those from
/// offsets[t] / 32 + t on, which are enough for it; some have nothing to do.
__device__ inline int first_block(const int* offsets, int text) {
  return offsets[text] / attention_rows + text;
}

/// The text that has this block.
__device__ inline int text_of_block(const int* offsets, int texts, int block) {
  int text = 0;
  for (int end = texts; end - text > 1;) {
    const int middle = (text + end) / 2;
    if (first_block(offsets, middle) <= block)
      text = middle;
    else
      end = middle;
  }
  return text;
}

/// A lane's 16 bytes of a row, as four pairs.
struct alignas(16) four_pairs {
  unsigned pairs[4];
};

/// Zeros if the row is not `inside`.
template <class T>
__device__ four_pairs load_pairs(const T* from, bool inside) {
  return inside ? *reinterpret_cast<const four_pairs*>(from) : four_pairs{};
}

template <class Pair>
__device__ unsigned word_of(Pair pair) {
  unsigned word;
  memcpy(&word, &pair, sizeof word);
  return word;
}
__device__ inline unsigned pair_of(float first, float second, __half) {
  return word_of(__floats2half2_rn(first, second));
}
__device__ inline unsigned pair_of(float first, float second, __nv_bfloat16) {
  return word_of(__floats2bfloat162_rn(first, second));
}

/// Over the four lanes that have the same row.
__device__ inline float row_max(float x) {
  for (int distance = 1; distance < 4; distance *= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffffU, x, distance));
  return x;
}
__device__ inline float row_sum(float x) {
  for (int distance = 1; distance < 4; distance *= 2) x += __shfl_xor_sync(0xffffffffU, x, distance);
  return x;
}

/// 16 queries of a head of width D, what they have seen so far of the keys and values, and the weights that
/// they gave them.
template <int D, class T>
struct query_tile {
  unsigned queries[D / 16][4];  // matrices A
  float result[D / 8][4] = {};  // matrices C
  float most[2] = {-INFINITY, -INFINITY};
  float weights[2] = {};  // of the keys that this lane has seen

  /// `row`: the first query of the text's that are left; `left` of them are there.
  __device__ query_tile(const T* row, int stride, int left) {
    const int g = threadIdx.x / 4, c = threadIdx.x % 4;
    for (int part = 0; part < D / 32; ++part) {
      const T* const from = row + g * stride + part * 32 + c * 8;
      const four_pairs upper = load_pairs(from, g < left),
                       lower = load_pairs(from + 8 * stride, g + 8 < left);
      for (int group = 0; group < 2; ++group) {
        unsigned(&matrix)[4] = queries[2 * part + group];
        matrix[0] = upper.pairs[2 * group];
        matrix[1] = lower.pairs[2 * group];
        matrix[2] = upper.pairs[2 * group + 1];
        matrix[3] = lower.pairs[2 * group + 1];
      }
    }
  }

  /// 16 keys, of which `left` are there, each lane having those of its row in both halves; and their values
  /// as matrices B.
  __device__ void see(const four_pairs (&keys)[2][D / 32], const unsigned (&values)[D / 8][2], int left,
                      float scale) {
    float scores[2][4] = {};
    for (int group = 0; group < 2; ++group)
      for (int k = 0; k < D / 16; ++k)
        multiply_add(scores[group], queries[k], keys[group][k / 2].pairs[k % 2 * 2],
                     keys[group][k / 2].pairs[k % 2 * 2 + 1], T{});
    if (left < 16)
      for (int group = 0; group < 2; ++group)
        for (int i = 0; i < 4; ++i)
          if (8 * group + threadIdx.x % 4 * 2 + i % 2 >= left) scores[group][i] = -INFINITY;
    for (int row = 0; row < 2; ++row) {
      const int i = 2 * row;
      const float here =
          row_max(fmaxf(fmaxf(scores[0][i], scores[0][i + 1]), fmaxf(scores[1][i], scores[1][i + 1])));
      const float before = most[row];
      most[row] = fmaxf(before, here);
      const float shrink = power_of_two((before - most[row]) * scale), offset = most[row] * scale;
      weights[row] *= shrink;
      for (auto& eight : scores)
        for (int k = i; k < i + 2; ++k) {
          eight[k] = power_of_two(eight[k] * scale - offset);
          weights[row] += eight[k];
        }
      for (auto& part : result) {
        part[i] *= shrink;
        part[i + 1] *= shrink;
      }
    }
    const unsigned matrix[4] = {
        pair_of(scores[0][0], scores[0][1], T{}), pair_of(scores[0][2], scores[0][3], T{}),
        pair_of(scores[1][0], scores[1][1], T{}), pair_of(scores[1][2], scores[1][3], T{})};
    for (int part = 0; part < D / 8; ++part)
      multiply_add(result[part], matrix, values[part][0], values[part][1], T{});
  }

  /// To the rows that are there.
  __device__ void store(T* to, int stride, int left) const {
    const int g = threadIdx.x / 4, c = threadIdx.x % 4;
    for (int row = 0; row < 2; ++row) {
      const float share = 1 / row_sum(weights[row]);
      if (g + 8 * row >= left) continue;
      for (int part = 0; part < D / 32; ++part) {
        four_pairs numbers;
        for (int i = 0; i < 4; ++i)
          numbers.pairs[i] =
              pair_of(result[4 * part + i][2 * row] * share, result[4 * part + i][2 * row + 1] * share, T{});
        *reinterpret_cast<four_pairs*>(to + (g + 8 * row) * stride + part * 32 + c * 8) = numbers;
      }
    }
  }
};

/// How many warps share a block, each with a head of its own.
constexpr int attention_heads = 4;

/// With narrow heads there are registers to load the next keys and values while these are looked at, and
/// still four blocks at a time on a multiprocessor; with wide ones three blocks without that are faster.
template <int D>
constexpr bool loads_ahead = D == 32;

/// Blocks of (32, attention_heads) threads. D is a multiple of 32; `scale` is log2(e) / sqrt(D).
template <int D, class T>
__global__ void __launch_bounds__(warp* attention_heads, loads_ahead<D> ? 4 : 3)
    attention(const T* qkv, const int* offsets, int texts, int heads, float scale, T* out) {
  const int head = blockIdx.y * attention_heads + threadIdx.y;
  const int text = text_of_block(offsets, texts, blockIdx.x);
  const int begin = offsets[text], end = offsets[text + 1];
  const int first = begin + (blockIdx.x - first_block(offsets, text)) * attention_rows;
  if (head >= heads || first >= end) return;
  const int width = heads * D;
  const auto row = [&](int token, int which) {  // 0: query, 1: key, 2: value
    return qkv + (3LL * token + which) * width + head * D;
  };
  query_tile<D, T> tiles[2] = {{row(first, 0), 3 * width, end - first},
                               {row(first + 16, 0), 3 * width, end - first - 16}};
  four_pairs next_keys[2][D / 32], next_values[2][D / 32];
  const auto load = [&](int key) {
    for (int group = 0; group < 2; ++group)
      for (int part = 0; part < D / 32; ++part) {
        const int token = key + 8 * group + threadIdx.x / 4, column = part * 32 + threadIdx.x % 4 * 8;
        next_keys[group][part] = load_pairs(row(token, 1) + column, token < end);
        next_values[group][part] = load_pairs(row(token, 2) + column, token < end);
      }
  };
  if (loads_ahead<D>) load(begin);
  for (int key = begin; key < end; key += 16) {
    if (!loads_ahead<D>) load(key);
    four_pairs keys[2][D / 32];
    unsigned values[D / 8][2];
    for (int group = 0; group < 2; ++group)
      for (int part = 0; part < D / 32; ++part) {
        keys[group][part] = next_keys[group][part];
        for (int i = 0; i < 4; ++i)
          values[4 * part + i][group] = transposed(next_values[group][part].pairs[i]);
      }
    if (loads_ahead<D> && key + 16 < end) load(key + 16);
    for (auto& tile : tiles) tile.see(keys, values, end - key, scale);
  }
  for (int i = 0; i < 2; ++i)
    tiles[i].store(out + static_cast<long long>(first + 16 * i) * width + head * D, width,
                   end - first - 16 * i);
}

}  // namespace carpool::bert::device
