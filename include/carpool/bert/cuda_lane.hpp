// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/cuda_stream.hpp>
#include <carpool/bert/device_lane.hpp>
#include <carpool/bert/encoder.hpp>
#include <carpool/bert/packed_batch.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/Device.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace carpool::bert {

/// The encoder on a CUDA device, on a stream of its own: one copy to the device, the encoder, one copy back,
/// and a thread that sleeps until that copy is there.
/// Exists where cuda_stream does.
class cuda_lane final : public device_lane {
 public:
  cuda_lane(std::shared_ptr<const encoder> model, c10::Device device)
      : model_(std::move(model)), device_(device), stream_(device) {}

  at::Tensor run(const packed_batch& batch) override {
    const c10::InferenceMode no_gradients;
    const auto on_stream = stream_.use();
    const auto rows = static_cast<std::int64_t>(batch.rows());
    const at::Tensor numbers = to_device(batch);
    const at::Tensor embeddings = (*model_)({batch, numbers.narrow(0, 0, rows), numbers.narrow(0, rows, rows),
                                             numbers.narrow(0, 2 * rows, numbers.size(0) - 2 * rows)});
    return stream_.to_host(embeddings);
  }

 private:
  /// [2·rows + texts + 1]: ids, positions and offsets in one block, for one copy.
  at::Tensor to_device(const packed_batch& batch) const {
    const std::size_t size = 2 * batch.rows() + batch.offsets().size();
    const at::Tensor pinned =
        at::empty({static_cast<std::int64_t>(size)}, at::TensorOptions(at::kInt).pinned_memory(true));
    std::int32_t* end = pinned.mutable_data_ptr<std::int32_t>();
    for (const auto part : {batch.ids(), batch.positions(), batch.offsets()})
      end = std::copy(part.begin(), part.end(), end);
    return pinned.to(device_, /*non_blocking=*/true);
  }

  std::shared_ptr<const encoder> model_;
  c10::Device device_;
  cuda_stream stream_;
};

}  // namespace carpool::bert
