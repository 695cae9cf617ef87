// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/ops/empty.h>
#include <c10/core/Device.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

namespace carpool::bert {

/// The stream of one lane. Exists where CARPOOL_BERT_CUDA is defined, as carpool's CMake target does when it
/// finds a CUDA toolkit that fits libtorch.
class cuda_stream {
 public:
  explicit cuda_stream(c10::Device device) : stream_(c10::cuda::getStreamFromPool(false, device.index())) {}

  /// While the result lives, the calling thread's work goes to this stream and its device.
  [[nodiscard]] c10::cuda::CUDAStreamGuard use() const { return c10::cuda::CUDAStreamGuard(stream_); }

  /// `tensor` in fp32 in the host's memory, after everything that was put on the stream; until then the
  /// thread sleeps.
  at::Tensor to_host(const at::Tensor& tensor) {
    at::Tensor result = at::empty(tensor.sizes(), at::TensorOptions(at::kFloat).pinned_memory(true));
    result.copy_(tensor, /*non_blocking=*/true);
    done_.record(stream_);
    done_.synchronize();
    return result;
  }

 private:
  c10::cuda::CUDAStream stream_;
  at::cuda::CUDAEvent done_{cudaEventBlockingSync | cudaEventDisableTiming};
};

}  // namespace carpool::bert
