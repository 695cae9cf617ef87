// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Runs CUDA kernels on the host, a thread of the system for each thread of a block, so that their arithmetic
// and their use of shared memory can be tested without a GPU (and under sanitizers). To be included before
// the kernels. Blocks run one after the other; `shared` is their shared memory.

#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <barrier>
#include <cmath>
#include <cstddef>
#include <optional>
#include <thread>
#include <vector>

#undef __global__
#undef __device__
#undef __shared__
#define __global__
#define __device__
#define __shared__

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
  explicit block_barrier(int threads) : everybody_(threads), exchanged_(static_cast<std::size_t>(threads)) {
    for (int i = 0; i < threads / 32; ++i) warps_.emplace_back(new std::barrier<>(32));
  }
  ~block_barrier() {
    for (auto* each : warps_) delete each;
  }
  block_barrier(const block_barrier&) = delete;
  block_barrier& operator=(const block_barrier&) = delete;

  void sync() { everybody_.arrive_and_wait(); }
  float exchange(float value, int distance) {
    const auto me = static_cast<std::size_t>(threadIdx.y * blockDim.x + threadIdx.x);
    auto& mine = *warps_[me / 32];
    exchanged_[me] = value;
    mine.arrive_and_wait();
    const float theirs = exchanged_[me ^ static_cast<std::size_t>(distance)];
    mine.arrive_and_wait();
    return theirs;
  }
  void leave() { everybody_.arrive_and_drop(); }

 private:
  std::barrier<> everybody_;
  std::vector<float> exchanged_;
  std::vector<std::barrier<>*> warps_;
};

inline block_barrier* current = nullptr;

inline void __syncthreads() { current->sync(); }
inline float __shfl_xor_sync(unsigned, float value, int distance) {
  return current->exchange(value, distance);
}
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

#include <carpool/bert/cuda_kernels.cuh>
