// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <c10/core/Device.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

namespace carpool::bert {

/// A stream that nobody else has. (Those of libtorch's pool are shared by the whole process.)
class cuda_stream {
 public:
  explicit cuda_stream(c10::Device device) : device_(device.index()) {
    const c10::cuda::CUDAGuard on(device_);
    C10_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  }
  ~cuda_stream() { static_cast<void>(cudaStreamDestroy(stream_)); }
  cuda_stream(const cuda_stream&) = delete;
  cuda_stream& operator=(const cuda_stream&) = delete;

  [[nodiscard]] c10::cuda::CUDAStream get() const {
    return c10::cuda::getStreamFromExternal(stream_, device_);
  }

 private:
  c10::DeviceIndex device_;
  cudaStream_t stream_ = nullptr;
};

}  // namespace carpool::bert
