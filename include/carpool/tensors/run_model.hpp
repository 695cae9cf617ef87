// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/error.hpp>

#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <string>

namespace carpool::tensors {

/// libtorch has a class for a lack of memory on a GPU; on the CPU the message tells.
[[nodiscard]] inline bool lacks_memory(const c10::Error& thrown) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&thrown) != nullptr ||
         thrown.msg().find("DefaultCPUAllocator") != std::string::npos;
}

/// Calls `model` as a lane should: without gradients, and with libtorch's lack of memory turned into
/// carpool's, which a batcher answers with smaller batches.
template <class Model>
auto run_model(Model&& model) {
  const c10::InferenceMode no_gradients;
  try {
    return model();
  } catch (const c10::Error& thrown) {
    if (lacks_memory(thrown)) throw out_of_memory(thrown.what_without_backtrace());
    throw;
  }
}

}  // namespace carpool::tensors
