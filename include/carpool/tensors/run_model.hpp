// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/error.hpp>

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <exception>
#include <future>
#include <string_view>
#include <system_error>

namespace carpool::tensors {

/// oneDNN compiles code for each new shape and has found no memory for it, now or before on this thread.
[[nodiscard]] inline bool failed_to_compile(const std::exception& thrown) {
  return std::string_view(thrown.what()) == "could not create a primitive";
}

/// libtorch has a class for a lack of memory on a GPU, which TorchScript hides; on the CPU only the message
/// tells.
[[nodiscard]] inline bool lacks_memory(const std::exception& thrown) {
  const std::string_view text = thrown.what();
  return dynamic_cast<const c10::OutOfMemoryError*>(&thrown) != nullptr || failed_to_compile(thrown) ||
         text.find("CUDA out of memory. ") != text.npos || text.find("DefaultCPUAllocator") != text.npos;
}

/// The result of `run` on a thread of its own, with as many threads for each operation as here.
template <class Run>
auto on_fresh_thread(const Run& run) {
  const auto there = [&run, threads = at::get_num_threads()] {
    static_cast<void>(at::get_num_threads());  // a thread's first call sets what was last set anywhere
    at::set_num_threads(threads);
    return run();
  };
  const auto begin = [&there] {
    try {
      return std::async(std::launch::async, there);
    } catch (const std::system_error& no_thread) {
      throw out_of_memory(no_thread.what());
    }
  };
  return begin().get();  // what `run` throws is its own, a std::system_error, too
}

/// Calls `model` as a lane should: without gradients, and with libtorch's lack of memory turned into
/// carpool's, which a batcher answers with smaller batches.
///
/// Where oneDNN has once found no memory for code, it compiles none on that thread any more, also when there
/// is memory again (https://github.com/uxlfoundation/oneDNN/pull/5907 says why, and mends it in versions
/// newer than libtorch's). So `model` is called again then, on another thread; what is compiled there serves
/// all.
template <class Model>
auto run_model(Model&& model) {
  const auto run = [&model] {
    const c10::InferenceMode no_gradients;
    return model();
  };
  try {
    try {
      return run();
    } catch (const std::exception& thrown) {
      if (!failed_to_compile(thrown)) throw;
    }
    return on_fresh_thread(run);
  } catch (const c10::Error& thrown) {
    if (lacks_memory(thrown)) throw out_of_memory(thrown.what_without_backtrace());
    throw;
  } catch (const std::exception& thrown) {
    if (lacks_memory(thrown)) throw out_of_memory(thrown.what());
    throw;
  }
}

}  // namespace carpool::tensors
