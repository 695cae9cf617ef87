// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/device_lane.hpp>
#include <carpool/bert/encoder.hpp>
#include <carpool/bert/intra_op_threads.hpp>
#include <carpool/bert/packed_batch.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace carpool::bert {

/// The encoder on the CPU, with `threads` intra-op threads.
class cpu_lane final : public device_lane {
 public:
  cpu_lane(std::shared_ptr<const encoder> model, int threads) : model_(std::move(model)), threads_(threads) {}

  at::Tensor run(const packed_batch& batch) override {
    const c10::InferenceMode no_gradients;
    const intra_op_threads limit(threads_);  // the thread may be one of the user's own
    return (*model_)(view(batch));
  }

  at::Tensor run_unpooled(const packed_batch& batch) override {
    const c10::InferenceMode no_gradients;
    const intra_op_threads limit(threads_);
    return model_->unpooled(view(batch)).to(at::kFloat);
  }

 private:
  static device_batch view(const packed_batch& batch) {
    return {batch, view(batch.ids()), view(batch.places()), view(batch.offsets())};
  }

  static at::Tensor view(std::span<const std::int32_t> numbers) {
    return at::from_blob(const_cast<std::int32_t*>(numbers.data()),
                         {static_cast<std::int64_t>(numbers.size())}, at::kInt);
  }

  std::shared_ptr<const encoder> model_;
  int threads_;
};

}  // namespace carpool::bert
