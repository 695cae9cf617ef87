// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/packed_batch.hpp>

#include <ATen/core/Tensor.h>

namespace carpool::bert {

/// Runs packed batches through the encoder on one kind of device. Used by one thread at a time, not always
/// the same.
class device_lane {
 public:
  device_lane() = default;
  device_lane(const device_lane&) = delete;
  device_lane& operator=(const device_lane&) = delete;
  virtual ~device_lane() = default;

  /// -> [texts, dimension or labels] in fp32, in the host's memory, complete. `batch` is closed and has a
  /// text.
  virtual at::Tensor run(const packed_batch& batch) = 0;
};

}  // namespace carpool::bert
