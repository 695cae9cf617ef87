// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAStream.h>

#include <mutex>

namespace carpool::bert {

/// Batches that fill a device take turns on it. Side by side each of two takes as long as both, so they end
/// together, and then their lanes collate and split at the same time while the device has nothing to do. One
/// behind the other the first ends in half the time, and what its lane does on the host is hidden by the
/// second. Shared by the lanes of a device; thread-safe. Exists where CARPOOL_BERT_CUDA is defined, as
/// carpool's CMake target does when it finds a CUDA toolkit that fits libtorch.
class cuda_turns {
 public:
  /// Calls `work()`, which puts a batch on the calling thread's current stream, where it runs when those of
  /// earlier calls have ended; returns what it returns.
  template <class Work>
  auto take(const Work& work) {
    const std::lock_guard lock(mutex_);
    const auto stream = c10::cuda::getCurrentCUDAStream();
    last_.block(stream);
    auto result = work();
    last_.record(stream);
    return result;
  }

 private:
  std::mutex mutex_;
  at::cuda::CUDAEvent last_;  // the end of the last turn
};

}  // namespace carpool::bert
