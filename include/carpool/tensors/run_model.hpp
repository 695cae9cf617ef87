// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/error.hpp>

#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

namespace carpool::tensors {

/// Calls `model` as a lane should: without gradients, and with libtorch's lack of memory turned into
/// carpool's, which a batcher answers with smaller batches.
template <class Model>
auto run_model(Model&& model) {
  const c10::InferenceMode no_gradients;
  try {
    return model();
  } catch (const c10::OutOfMemoryError& refused) {
    throw out_of_memory(refused.what_without_backtrace());
  }
}

}  // namespace carpool::tensors
