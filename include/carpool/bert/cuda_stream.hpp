// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/device_health.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/ops/empty.h>
#include <c10/core/Device.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <chrono>
#include <thread>

namespace carpool::bert {

/// The stream of one lane, which nobody else has. (Those of libtorch's pool are shared by the whole process.)
/// Exists where CARPOOL_BERT_CUDA is defined, as carpool's CMake target does when it finds a CUDA toolkit
/// that fits libtorch.
class cuda_stream {
 public:
  explicit cuda_stream(c10::Device device) : device_(device.index()) {
    const c10::cuda::CUDAGuard on(device_);
    C10_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  }
  ~cuda_stream() { static_cast<void>(cudaStreamDestroy(stream_)); }
  cuda_stream(const cuda_stream&) = delete;
  cuda_stream& operator=(const cuda_stream&) = delete;

  /// While the result lives, the calling thread's work goes to this stream and its device.
  [[nodiscard]] c10::cuda::CUDAStreamGuard use() const { return c10::cuda::CUDAStreamGuard(get()); }

  /// Waits until everything that was put on the stream is done. The thread asks again and again at first,
  /// letting others go before it, because being woken takes longer than a small batch saves; then it sleeps.
  void wait() {
    constexpr std::chrono::microseconds impatient{300};
    done_.record(get());
    const auto until = std::chrono::steady_clock::now() + impatient;
    while (!done_.query())
      if (std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
      else
        return done_.synchronize();
  }

  /// Like wait(), but tells what went wrong on the device, and does not throw.
  [[nodiscard]] cudaError_t status() const noexcept { return cudaStreamSynchronize(stream_); }

  /// To be called when something has failed: throws carpool::device_lost if the device has, for good.
  void check(device_health& health) const {
    static_cast<void>(cudaGetLastError());
    if (const cudaError_t found = status(); found != cudaSuccess) health.fail(cudaGetErrorString(found));
  }

  /// `tensor` in fp32 in the host's memory, after everything that was put on the stream.
  at::Tensor to_host(const at::Tensor& tensor) {
    at::Tensor result = at::empty(tensor.sizes(), at::TensorOptions(at::kFloat).pinned_memory(true));
    result.copy_(tensor, /*non_blocking=*/true);
    wait();
    return result;
  }

 private:
  [[nodiscard]] c10::cuda::CUDAStream get() const {
    return c10::cuda::getStreamFromExternal(stream_, device_);
  }

  c10::DeviceIndex device_;
  cudaStream_t stream_ = nullptr;
  at::cuda::CUDAEvent done_{cudaEventBlockingSync | cudaEventDisableTiming};
};

}  // namespace carpool::bert
