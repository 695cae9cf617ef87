// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The device code of cuda_kernels.cu. It is bound by memory: each value is read once and written once, in
// packs of up to 16 bytes, and what is needed twice stays in registers or shared memory as fp32.

#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace carpool::bert::device {

constexpr int warp = 32;

/// Neighbours that are loaded or stored at once.
template <class T, int V>
struct alignas(sizeof(T) * V) pack {
  T values[V];
};

__device__ inline float to_float(float x) { return x; }
__device__ inline float to_float(__half x) { return __half2float(x); }
__device__ inline float to_float(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ inline void assign(float& to, float x) { to = x; }
__device__ inline void assign(__half& to, float x) { to = __float2half(x); }
__device__ inline void assign(__nv_bfloat16& to, float x) { to = __float2bfloat16(x); }

template <int V, class T>
__device__ pack<T, V> load(const T* from) {
  return *reinterpret_cast<const pack<T, V>*>(from);
}

/// The sum over the warp, the same in each lane.
__device__ inline float warp_sum(float x) {
  for (int distance = warp / 2; distance > 0; distance /= 2) x += __shfl_xor_sync(0xffffffffU, x, distance);
  return x;
}

/// A lane's packs of a row, kept in registers until the row's mean is known; so many at most.
template <int V, int Most>
struct kept_in_registers {
  static constexpr int most = Most;
  float values[Most][V] = {};

  __device__ kept_in_registers(float*, int) {}
  __device__ float& operator()(int i, int v) { return values[i][v]; }
};

/// The same in shared memory, where neighbouring lanes touch neighbouring words, so that no two meet in a
/// bank.
template <int V>
struct kept_in_shared_memory {
  static constexpr int most = 1 << 20;  // however many there are
  float* values;
  int packs;

  __device__ kept_in_shared_memory(float* row, int hidden) : values(row), packs(hidden / V) {}
  __device__ float& operator()(int i, int v) { return values[v * packs + i * warp + threadIdx.x]; }
};

/// One warp normalises one row: norm(a + b). `row` is shared memory for it, if that is where it is kept.
template <class Kept, int V, class T>
__device__ void normalize_sum(const T* a, const T* b, const T* scale, const T* shift, float eps, T* out,
                              int hidden, float* row) {
  Kept kept(row, hidden);
  const int packs = hidden / V;
  const auto each_pack = [&](auto work) {
    for (int i = 0; i < Kept::most; ++i) {
      const int p = i * warp + threadIdx.x;
      if (p < packs)
        work(i, p * V);
      else if (Kept::most > 32)
        break;  // few are better looked at without a jump
    }
  };
  float sum = 0;
  each_pack([&](int i, int at) {
    const auto left = load<V>(a + at);
    const auto right = load<V>(b + at);
    for (int v = 0; v < V; ++v) sum += kept(i, v) = to_float(left.values[v]) + to_float(right.values[v]);
  });
  const float mean = warp_sum(sum) / static_cast<float>(hidden);
  float squares = 0;
  each_pack([&](int i, int) {
    for (int v = 0; v < V; ++v) squares += (kept(i, v) - mean) * (kept(i, v) - mean);
  });
  const float factor = rsqrtf(warp_sum(squares) / static_cast<float>(hidden) + eps);
  each_pack([&](int i, int at) {
    const auto by = load<V>(scale + at);
    const auto plus = load<V>(shift + at);
    pack<T, V> result;
    for (int v = 0; v < V; ++v)
      assign(result.values[v],
             (kept(i, v) - mean) * factor * to_float(by.values[v]) + to_float(plus.values[v]));
    *reinterpret_cast<pack<T, V>*>(out + at) = result;
  });
}

/// Blocks of (32, rows per block) threads, with a row of floats in shared memory for each warp if that is
/// where rows are kept.
template <class Kept, int V, class T>
__global__ void embedding_norm(const T* words, const int* ids, const T* positions, const int* places,
                               const T* scale, const T* shift, float eps, T* out, long long rows,
                               int hidden) {
  extern __shared__ float shared[];
  const long long row = static_cast<long long>(blockIdx.x) * blockDim.y + threadIdx.y;
  if (row >= rows) return;
  normalize_sum<Kept, V>(words + static_cast<long long>(ids[row]) * hidden,
                         positions + static_cast<long long>(places[row]) * hidden, scale, shift, eps,
                         out + row * hidden, hidden, shared + threadIdx.y * hidden);
}

template <class Kept, int V, class T>
__global__ void residual_norm(const T* x, const T* residual, const T* scale, const T* shift, float eps,
                              T* out, long long rows, int hidden) {
  extern __shared__ float shared[];
  const long long row = static_cast<long long>(blockIdx.x) * blockDim.y + threadIdx.y;
  if (row >= rows) return;
  normalize_sum<Kept, V>(x + row * hidden, residual + row * hidden, scale, shift, eps, out + row * hidden,
                         hidden, shared + threadIdx.y * hidden);
}

/// The sum over the block, the same in each thread. `parts` has room for one float per warp. All threads take
/// part.
__device__ inline float block_sum(float x, float* parts) {
  const int thread = threadIdx.y * blockDim.x + threadIdx.x;
  const int warps = blockDim.x * blockDim.y / warp;
  x = warp_sum(x);
  if (thread % warp == 0) parts[thread / warp] = x;
  __syncthreads();
  float sum = 0;
  for (int w = 0; w < warps; ++w) sum += parts[w];
  return sum;
}

/// One block per text, of (a multiple of 32, streams) threads: stream y adds up the tokens y, y + streams,
/// ..., and then the streams are added in order. Shared memory: streams rows of floats, and a float per warp.
template <int V, class T>
__global__ void pool(const T* x, const int* offsets, bool first_only, bool normalize, float* out,
                     int hidden) {
  extern __shared__ float shared[];
  const int streams = blockDim.y;
  const int first = offsets[blockIdx.x];
  const int last = first_only && offsets[blockIdx.x + 1] > first ? first + 1 : offsets[blockIdx.x + 1];
  for (int p = threadIdx.x; p < hidden / V; p += blockDim.x) {
    float sums[V] = {};
    for (int token = first + threadIdx.y; token < last; token += streams) {
      const auto values = load<V>(x + static_cast<long long>(token) * hidden + p * V);
      for (int v = 0; v < V; ++v) sums[v] += to_float(values.values[v]);
    }
    for (int v = 0; v < V; ++v) shared[threadIdx.y * hidden + p * V + v] = sums[v];
  }
  __syncthreads();
  const int thread = threadIdx.y * blockDim.x + threadIdx.x;
  const int threads = blockDim.x * blockDim.y;
  const float share = last > first ? 1.0F / static_cast<float>(last - first) : 0.0F;
  float squares = 0;
  for (int i = thread; i < hidden; i += threads) {
    float sum = 0;
    for (int y = 0; y < streams; ++y) sum += shared[y * hidden + i];
    const float mean = sum * share;
    shared[i] = mean;  // nobody else reads this column
    squares += mean * mean;
  }
  const float length = normalize ? sqrtf(block_sum(squares, shared + streams * hidden)) : 1.0F;
  for (int i = thread; i < hidden; i += threads)
    out[static_cast<long long>(blockIdx.x) * hidden + i] = shared[i] / fmaxf(length, 1e-12F);
}

}  // namespace carpool::bert::device
