// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>

namespace carpool::bert {

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
};

}  // namespace carpool::bert
