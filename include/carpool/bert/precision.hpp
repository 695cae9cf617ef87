// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/cpu_features.hpp>
#include <carpool/bert/int8_linear.hpp>
#include <carpool/bert/linear.hpp>
#include <carpool/bert/options.hpp>

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <stdexcept>
#include <string>

namespace carpool::bert {

/// What the encoder computes in: the type of its tensors, and whether linear layers are quantised.
struct number_format {
  c10::ScalarType type = c10::kFloat;
  bool int8_linears = false;
};

/// What `asked` means on `device`. Throws `std::invalid_argument` with a sentence for fp16 on the CPU, bf16
/// on a CPU that has no instructions for it, and int8 on CUDA.
inline number_format choose_precision(precision asked, c10::Device device,
                                      const cpu_features& cpu = find_cpu_features()) {
  if (asked == precision::automatic) asked = device.is_cuda() ? precision::fp16 : precision::fp32;
  if (asked == precision::fp32) return {};
  const std::string subject = "model_options::precision is ";
  if (asked == precision::int8) {
    if (device.is_cuda()) throw std::invalid_argument(subject + "int8, which is for the CPU only");
    return {.int8_linears = true};
  }
  if (asked == precision::fp16) {
    if (device.is_cuda()) return {c10::kHalf};
    throw std::invalid_argument(subject + "fp16, but on the CPU it must be fp32, bf16 or int8");
  }
  if (device.is_cuda() || cpu.bf16) return {c10::kBFloat16};
  throw std::invalid_argument(
      subject + "bf16, but this CPU has no AVX512-BF16, without which bf16 is slower than fp32");
}

/// What linear layers in `format` are run with. Throws `std::invalid_argument` with a sentence where there
/// are no kernels for int8.
inline linear_kernels choose_kernels(const number_format& format, bool invariant = false) {
  if (!format.int8_linears) return {.onednn = onednn_linear::find(), .invariant = invariant};
  linear_kernels kernels{.int8 = int8_linear::find(), .invariant = invariant};
  if (kernels.int8) return kernels;
  throw std::invalid_argument(
      "model_options::precision is int8, but libtorch's FBGEMM kernels for it are not there: they need an "
      "x86 CPU with AVX2, and a libtorch with quantized::linear_with_input_q_dq_qweight_dq_output_fp32 whose "
      "quantized engine is x86 or fbgemm");
}

}  // namespace carpool::bert
