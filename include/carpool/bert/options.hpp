// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace c10 {
struct Device;  // so that those who only set options need no libtorch
}

namespace carpool::bert {

class program;

/// The number format that the encoder computes in. Weights of any format are converted when they are loaded;
/// pooling, normalisation, a classifier's head and the results themselves are always fp32.
enum class precision {
  automatic,  ///< fp32 on the CPU, fp16 on CUDA
  fp32,
  fp16,  ///< CUDA only
  bf16,  ///< CUDA, and CPUs with AVX512-BF16, which those with AMX have; elsewhere it would be slower than
         ///< fp32
  int8,  ///< CPU only: the products of the linear layers are of 8-bit integers, all else is fp32
};

/// How an `embedder` or a `classifier` is set up. The defaults need no tuning.
struct model_options {
  /// "auto" takes the first CUDA device, or the CPU where there is none; "cpu"; "cuda" (the first device) or
  /// "cuda:N". Asking for CUDA where there is none is an error that says why.
  std::string device = "auto";

  /// libtorch's intra-op threads of a lane on the CPU. 0: `batching()` advises as many lanes, of so
  /// many threads, as there are cores (`share_cores` in cores.hpp), one of which is left to those who submit.
  std::size_t threads = 0;

  /// Texts of more than `max_tokens()` tokens are cut to their first tokens; off, they fail with
  /// `bert::error::text_too_long`.
  bool truncate = true;

  bert::precision precision = bert::precision::automatic;

  /// Empty: carpool's own encoder runs, on the folder's weights. Otherwise loads for a device what runs in
  /// its place, such as `program_file{"minilm.pt2"}`; tokeniser and limits still come from the folder, which
  /// needs no model.safetensors then, and `precision` must be automatic.
  std::function<std::shared_ptr<bert::program>(c10::Device)> program = {};
};

}  // namespace carpool::bert
