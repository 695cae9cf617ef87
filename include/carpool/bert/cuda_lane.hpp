// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/device_lane.hpp>
#include <carpool/bert/encoder.hpp>
#include <carpool/bert/packed_batch.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace carpool::bert {

/// The encoder on a CUDA device, on a stream of its own: one copy to the device, the encoder, one copy back,
/// and a thread that sleeps until that copy is there. Exists where CARPOOL_BERT_CUDA is defined, as carpool's
/// CMake target does when it finds a CUDA toolkit that fits libtorch.
class cuda_lane final : public device_lane {
 public:
  cuda_lane(std::shared_ptr<const encoder> model, c10::Device device)
      : model_(std::move(model)),
        device_(device),
        stream_(c10::cuda::getStreamFromPool(false, device.index())) {}

  at::Tensor run(const packed_batch& batch) override {
    const c10::InferenceMode no_gradients;
    const c10::cuda::CUDAStreamGuard on_stream(stream_);  // sets the device as well
    const auto rows = static_cast<std::int64_t>(batch.rows());
    const at::Tensor numbers = to_device(batch);
    const at::Tensor output = (*model_)({batch, numbers.narrow(0, 0, rows), numbers.narrow(0, rows, rows),
                                         numbers.narrow(0, 2 * rows, numbers.size(0) - 2 * rows)});
    at::Tensor result = at::empty(output.sizes(), at::TensorOptions(at::kFloat).pinned_memory(true));
    result.copy_(output, /*non_blocking=*/true);
    done_.record(stream_);
    done_.synchronize();
    return result;
  }

 private:
  /// [2·rows + texts + 1]: ids, places and offsets in one block, for one copy.
  at::Tensor to_device(const packed_batch& batch) const {
    const std::size_t size = 2 * batch.rows() + batch.offsets().size();
    const at::Tensor pinned =
        at::empty({static_cast<std::int64_t>(size)}, at::TensorOptions(at::kInt).pinned_memory(true));
    std::int32_t* end = pinned.mutable_data_ptr<std::int32_t>();
    for (const auto part : {batch.ids(), batch.places(), batch.offsets()})
      end = std::copy(part.begin(), part.end(), end);
    return pinned.to(device_, /*non_blocking=*/true);
  }

  std::shared_ptr<const encoder> model_;
  c10::Device device_;
  c10::cuda::CUDAStream stream_;
  at::cuda::CUDAEvent done_{cudaEventBlockingSync | cudaEventDisableTiming};
};

}  // namespace carpool::bert
