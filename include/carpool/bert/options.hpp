// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

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
  /// "auto" takes CUDA, or the CPU where there is none; "cpu"; "cuda". Asking for CUDA where there is none is
  /// an error that says why.
  std::string device = "auto";

  /// The numbers of the CUDA devices to use, each with its own copy of the weights. Empty: the first one.
  std::vector<std::size_t> devices = {};

  /// Lanes that `batching()` advises for each device, which share its weights; the CPU is one device. 0: two
  /// on CUDA, one of which collates and copies while the device works for the other; on the CPU what
  /// `share_cores` in cores.hpp says, or one if `threads` is set.
  std::size_t lanes_per_device = 0;

  /// The share of a CUDA device's memory that this process leaves free, for what else happens there: 0 to
  /// less than 1. A batch that would need it does not fit, and runs in parts.
  double memory_headroom = 0.1;

  /// libtorch's intra-op threads of a lane on the CPU. 0: its share of the cores, of which one is left to
  /// those who submit.
  std::size_t threads = 0;

  /// Texts of more than `max_tokens()` tokens are cut to their first tokens; off, they fail with
  /// `bert::error::text_too_long`.
  bool truncate = true;

  bert::precision precision = bert::precision::automatic;

  /// Whether a text's vector or logits are bitwise the same whatever its batch mates, its place among them
  /// and its lane. (Otherwise they differ by what another order of adding makes, below 1e-6 in fp32.) Linear
  /// layers then run in pieces of a few sizes, which are tried out when the model is loaded. Devices of
  /// different kinds still differ.
  bool invariant = false;

  /// Empty: carpool's own encoder runs, on the folder's weights. Otherwise loads for a device what runs in
  /// its place, such as `program_file{"minilm.pt2"}`; tokeniser and limits still come from the folder, which
  /// needs no model.safetensors then, and `precision` must be automatic.
  std::function<std::shared_ptr<bert::program>(c10::Device)> program = {};
};

}  // namespace carpool::bert
