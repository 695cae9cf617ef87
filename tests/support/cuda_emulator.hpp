// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Runs CUDA kernels on the host, a thread of the system for each thread of a block, so that their arithmetic
// and their use of shared memory can be tested without a GPU (and under sanitizers). To be included before
// the kernels. Blocks run one after the other; `shared` is their shared memory. What a warp does together on
// matrices goes by PTX's account of which lane has which element.

#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <array>
#include <barrier>
#include <bit>
#include <cmath>
#include <cstddef>
#include <optional>
#include <thread>
#include <vector>

#undef __global__
#undef __device__
#undef __shared__
#undef __launch_bounds__
#define __global__
#define __device__
#define __shared__
#define __launch_bounds__(...)

namespace carpool::bert::device {

struct index3 {
  int x = 0;
  int y = 0;
};

inline thread_local index3 threadIdx;
inline thread_local index3 blockIdx;
inline index3 blockDim;

inline float shared[48 * 1024 / sizeof(float)];

/// What the threads of the current block meet at.
class block_barrier {
 public:
  explicit block_barrier(int threads) : everybody_(threads), shown_(static_cast<std::size_t>(threads)) {
    for (int i = 0; i < threads / 32; ++i) warps_.emplace_back(new std::barrier<>(32));
  }
  ~block_barrier() {
    for (auto* each : warps_) delete each;
  }
  block_barrier(const block_barrier&) = delete;
  block_barrier& operator=(const block_barrier&) = delete;

  void sync() { everybody_.arrive_and_wait(); }

  using words = std::array<unsigned, 6>;

  /// Calls `look(words of lane -> words&)` when each lane of the warp has shown its words.
  template <class Look>
  auto exchange(const words& shown, const Look& look) {
    const auto me = static_cast<std::size_t>(threadIdx.y * blockDim.x + threadIdx.x);
    auto& mine = *warps_[me / 32];
    shown_[me] = shown;
    mine.arrive_and_wait();
    const auto result =
        look([&](int lane) -> const words& { return shown_[me / 32 * 32 + static_cast<std::size_t>(lane)]; });
    mine.arrive_and_wait();
    return result;
  }
  void leave() { everybody_.arrive_and_drop(); }

 private:
  std::barrier<> everybody_;
  std::vector<words> shown_;
  std::vector<std::barrier<>*> warps_;
};

inline block_barrier* current = nullptr;

inline void __syncthreads() { current->sync(); }
inline float __shfl_xor_sync(unsigned, float value, int distance) {
  return current->exchange({std::bit_cast<unsigned>(value)}, [&](const auto& words_of) {
    return std::bit_cast<float>(words_of((threadIdx.x % 32) ^ distance)[0]);
  });
}

/// One of the two elements of a word.
template <class T>
float element(unsigned word, int which) {
  const auto bits = static_cast<unsigned short>(word >> (16 * which));
  return static_cast<float>(std::bit_cast<T>(bits));
}

/// C += A·B
template <class T>
void multiply_add(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1, T) {
  const int row = threadIdx.x / 4, column = threadIdx.x % 4 * 2;
  const auto sums = current->exchange({a[0], a[1], a[2], a[3], b0, b1}, [&](const auto& words_of) {
    std::array<float, 4> result{};
    for (int i = 0; i < 4; ++i)
      for (int k = 0; k < 16; ++k) {
        const auto upper_or_lower = static_cast<std::size_t>(k / 8 * 2 + i / 2),
                   left_or_right = static_cast<std::size_t>(4 + k / 8);
        result[static_cast<std::size_t>(i)] +=
            element<T>(words_of(row * 4 + k % 8 / 2)[upper_or_lower], k % 2) *
            element<T>(words_of((column + i % 2) * 4 + k % 8 / 2)[left_or_right], k % 2);
      }
    return result;
  });
  for (int i = 0; i < 4; ++i) c[i] += sums[static_cast<std::size_t>(i)];
}

inline unsigned transposed(unsigned matrix) {
  return current->exchange({matrix}, [](const auto& words_of) {
    const int row = threadIdx.x / 4, column = threadIdx.x % 4 * 2;  // of the result
    const auto at = [&](int r, int c) { return words_of(r * 4 + c / 2)[0] >> (16 * (c % 2)) & 0xffffU; };
    return at(column, row) | at(column + 1, row) << 16;
  });
}

inline float power_of_two(float x) { return std::exp2(x); }
inline float rsqrtf(float x) { return 1 / std::sqrt(x); }
using std::fmax;
inline float fmaxf(float a, float b) { return std::fmax(a, b); }
inline float sqrtf(float x) { return std::sqrt(x); }

/// kernel<<<blocks, threads>>>(arguments...)
template <class Kernel, class... Arguments>
void launch(Kernel kernel, int blocks, index3 threads, Arguments... arguments) {
  blockDim = threads;
  for (int block = 0; block < blocks; ++block) {
    block_barrier meeting(threads.x * threads.y);
    current = &meeting;
    std::vector<std::jthread> all;
    for (int y = 0; y < threads.y; ++y)
      for (int x = 0; x < threads.x; ++x)
        all.emplace_back([=, &meeting] {
          threadIdx = {x, y};
          blockIdx = {block, 0};
          kernel(arguments...);
          meeting.leave();
        });
  }
}

}  // namespace carpool::bert::device

#include <carpool/bert/cuda_attention.cuh>
#include <carpool/bert/cuda_kernels.cuh>
