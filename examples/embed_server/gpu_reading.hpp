// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/bert/nvml.hpp>

#include <string>

namespace embed_server {

/// What the driver says about one GPU.
struct gpu_reading {
  std::string device;  ///< its name, such as "cuda:0"
  carpool::bert::gpu_sample sample;
  double headroom = 0;  ///< the share of its memory that this process leaves free
};

}  // namespace embed_server
