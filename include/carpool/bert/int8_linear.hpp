// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/cpu_features.hpp>
#include <carpool/bert/dispatched_operator.hpp>
#include <carpool/bert/for_each_index.hpp>

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/quantize_per_channel.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace carpool::bert {

/// Linear layers whose products are of 8-bit integers, by libtorch's FBGEMM kernels. Each row of the weights
/// has a scale of its own, and so has each row of what is multiplied with them, found when it comes: with the
/// lowest value of row r at 0 and the highest at `levels`,
///
///     y[r][c] = scale[r] · Σ q[r][i]·w[c][i] + low[r] · Σ w[c][i] + bias[c]
///
/// So a row's result depends on no other row, in contrast to libtorch's own dynamic quantisation, whose one
/// scale for all rows is also the larger error.
class int8_linear {
 public:
  /// The weights of a layer, packed for the kernel.
  struct weights {
    c10::IValue packed;
    at::Tensor row_sums;  ///< [out], of what the packed weights stand for
    at::Tensor bias;      ///< [out]
  };

  /// Empty where this libtorch or CPU does not have the kernels; they need AVX2.
  static std::optional<int8_linear> find(const cpu_features& cpu = find_cpu_features()) {
    const auto engine = at::globalContext().qEngine();
    if (engine != at::QEngine::X86 && engine != at::QEngine::FBGEMM) return {};
    const auto pack =
        dispatched_operator::find("quantized::linear_prepack", c10::DispatchKey::QuantizedCPU, 2);
    const auto run = dispatched_operator::find("quantized::linear_with_input_q_dq_qweight_dq_output_fp32",
                                               c10::DispatchKey::CPU, 4);
    if (!pack || !run) return {};
    return int8_linear{*pack, *run, cpu.vnni ? 255.0F : 127.0F};
  }

  /// The largest integer that a value becomes. Without VNNI the kernels add two products in 16 bits, which
  /// only hold 2·127·127, and saturate.
  float levels() const { return levels_; }

  /// `weight` [out, in] and `bias` [out], fp32.
  weights prepare(const at::Tensor& weight, const at::Tensor& bias) const {
    const at::Tensor scales = at::amax(weight.abs(), {1}).div_(127).clamp_min_(smallest_scale);
    const at::Tensor quantized = at::quantize_per_channel(
        weight, scales.to(at::kDouble), at::zeros(scales.sizes(), at::kLong), 0, at::kQInt8);
    return {pack_(quantized, std::optional<at::Tensor>{}),
            quantized.dequantize().sum(1, /*keepdim=*/false, at::kDouble).to(at::kFloat), bias};
  }

  /// x [rows, in], contiguous -> x·weightᵀ + bias [rows, out].
  at::Tensor operator()(const at::Tensor& x, const weights& layer) const {
    constexpr std::int64_t rows_that_fit_the_cache = 256;
    const at::Tensor result = at::empty({x.size(0), layer.bias.size(0)}, x.options());
    for (std::int64_t first = 0; first < x.size(0); first += rows_that_fit_the_cache) {
      const std::int64_t rows = std::min(rows_that_fit_the_cache, x.size(0) - first);
      run_block(x.narrow(0, first, rows), layer, result.narrow(0, first, rows));
    }
    return result;
  }

 private:
  static constexpr float smallest_scale = std::numeric_limits<float>::min();
  static constexpr std::int64_t rows_worth_a_thread = 8;

  int8_linear(dispatched_operator pack, dispatched_operator run, float levels)
      : pack_(std::move(pack)), run_(std::move(run)), levels_(levels) {}

  void run_block(const at::Tensor& x, const weights& layer, const at::Tensor& result) const {
    const at::Tensor spread = at::empty_like(x);  // x in units of its row's scale, from 0
    const at::Tensor scales = at::empty({x.size(0)}, x.options());
    const at::Tensor lows = at::empty_like(scales);
    for_each_index(
        x.size(0), rows_worth_a_thread,
        [&, width = x.size(1), from = x.const_data_ptr<float>(), to = spread.mutable_data_ptr<float>(),
         scale = scales.mutable_data_ptr<float>(), low = lows.mutable_data_ptr<float>()](std::int64_t row) {
          spread_row(from + row * width, width, to + row * width, scale[row], low[row]);
        });
    const at::Tensor y = run_(spread, /*scale=*/1.0, /*zero_point=*/0, layer.packed).toTensor();
    for_each_index(x.size(0), rows_worth_a_thread,
                   [width = y.size(1), from = y.const_data_ptr<float>(),
                    to = result.mutable_data_ptr<float>(), scale = scales.const_data_ptr<float>(),
                    low = lows.const_data_ptr<float>(), sums = layer.row_sums.const_data_ptr<float>(),
                    bias = layer.bias.const_data_ptr<float>()](std::int64_t row) {
                     const float* const in = from + row * width;
                     float* const out = to + row * width;
                     for (std::int64_t i = 0; i < width; ++i)
                       out[i] = scale[row] * in[i] + (low[row] * sums[i] + bias[i]);
                   });
  }

  /// A row with a NaN or an infinity gets the scale NaN, and so does its result.
  void spread_row(const float* x, std::int64_t width, float* to, float& scale, float& low) const {
    constexpr std::int64_t abreast = 16;  // for the compiler, which may not reorder what it compares or adds
    float lows[abreast], highs[abreast], faults[abreast];
    std::fill_n(lows, abreast, std::numeric_limits<float>::infinity());
    std::fill_n(highs, abreast, -std::numeric_limits<float>::infinity());
    std::fill_n(faults, abreast, 0.0F);
    const auto look_at = [&](std::int64_t i, std::int64_t lane) {
      lows[lane] = x[i] < lows[lane] ? x[i] : lows[lane];
      highs[lane] = x[i] > highs[lane] ? x[i] : highs[lane];
      faults[lane] += 0 * x[i];
    };
    std::int64_t i = 0;
    for (; i + abreast <= width; i += abreast) {
      for (std::int64_t lane = 0; lane < abreast; ++lane) look_at(i + lane, lane);
    }
    for (; i < width; ++i) look_at(i, 0);
    low = *std::min_element(lows, lows + abreast);
    const float range = *std::max_element(highs, highs + abreast) - low;
    float fault = 0;
    for (const float each : faults) fault += each;
    scale = std::max(range / levels_, smallest_scale) + fault;
    if (!(fault == 0)) return void(std::fill_n(to, width, 0.0F));
    for (i = 0; i < width; ++i) to[i] = (x[i] - low) * (1 / scale);
  }

  dispatched_operator pack_;
  dispatched_operator run_;
  float levels_;
};

}  // namespace carpool::bert
