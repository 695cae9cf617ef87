// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/error.hpp>
#include <carpool/bert/packed_batch.hpp>

#include <boost/system/system_error.hpp>

#include <ATen/core/Tensor.h>

namespace carpool::bert {

/// What runs packed batches on a device: the seam between carpool::bert and an engine, elsewhere called a
/// backend. cpu_lane and cuda_lane run the native encoder, program_lane anything that is a `program`. One per
/// lane, used by one thread at a time, not always the same.
class device_lane {
 public:
  device_lane() = default;
  device_lane(const device_lane&) = delete;
  device_lane& operator=(const device_lane&) = delete;
  virtual ~device_lane() = default;

  /// -> [texts, dimension or labels] in fp32, contiguous, in the host's memory, complete. `batch` is closed
  /// and has a text.
  virtual at::Tensor run(const packed_batch& batch) = 0;

  /// -> [batch.token_count(), dimension] in fp32, contiguous, in the host's memory, complete: each token's
  /// vector, before pooling. The results of `run` are of no use afterwards. Throws
  /// `error::token_vectors_unsupported` where there are none to be had.
  virtual at::Tensor run_unpooled(const packed_batch&) {
    throw boost::system::system_error{make_error_code(error::token_vectors_unsupported)};
  }
};

}  // namespace carpool::bert
