// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/config.hpp>
#include <carpool/bert/cpu_features.hpp>
#include <carpool/bert/dispatched_operator.hpp>
#include <carpool/bert/int8_linear.hpp>
#include <carpool/bert/row_tiles.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/_addmm_activation.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace carpool::bert {

/// The operators with which libtorch's own compiler runs linear layers on oneDNN, where this libtorch has
/// them: the weights are brought into the kernel's block layout once, and bias and activation are applied
/// while a block of the result is in cache. Measured on AVX-512 against at::linear, that is a tenth faster on
/// large matrices and a third on small ones. The last bits of a row may depend on its place: on AVX2 the last
/// few rows of a block go through another kernel.
class onednn_linear {
 public:
  static std::optional<onednn_linear> find() {
    const auto prepare =
        dispatched_operator::find("mkldnn::_reorder_linear_weight", c10::DispatchKey::CPU, 2);
    const auto run = dispatched_operator::find("mkldnn::_linear_pointwise", c10::DispatchKey::MkldnnCPU, 6);
    if (!prepare || !run) return {};
    return onednn_linear{*prepare, *run};
  }

  /// Whether it takes weights like these. bf16 without the instructions for it would be slower than fp32, and
  /// without AVX-512 oneDNN refuses it.
  static bool takes(const at::Tensor& weight) {
    if (!weight.is_cpu()) return false;
    return weight.scalar_type() == at::kFloat ||
           (weight.scalar_type() == at::kBFloat16 && find_cpu_features().bf16);
  }

  /// `weight` [out, in] in oneDNN's layout.
  at::Tensor prepare(const at::Tensor& weight) const {
    constexpr std::int64_t typical_rows = 256;  // a hint for the choice of layout, not a bound
    return prepare_(weight, typical_rows).toTensor();
  }

  /// activation(x·weightᵀ + bias), [rows, out].
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& prepared_weight, const at::Tensor& bias,
                        std::optional<activation> then) const {
    const c10::List<std::optional<at::Scalar>> no_scalars;
    return run_(x, prepared_weight, bias, then ? "gelu" : "none", no_scalars,
                then == activation::gelu_tanh ? "tanh" : "none")
        .toTensor();
  }

 private:
  onednn_linear(dispatched_operator prepare, dispatched_operator run)
      : prepare_(std::move(prepare)), run_(std::move(run)) {}

  dispatched_operator prepare_;
  dispatched_operator run_;
};

/// What linear layers are run with, beside at::linear.
struct linear_kernels {
  std::optional<int8_linear> int8 = {};  ///< if given, all layers are quantised; they must be fp32 on the CPU
  std::optional<onednn_linear> onednn = {};  ///< if given, layers that it takes are run by oneDNN
  bool invariant = false;  ///< whether a row's result must not depend on the other rows, bitwise
};

/// A linear layer with its activation: activation(x·weightᵀ + bias). Immutable, so that threads may share it.
class linear {
 public:
  /// `weight` [out, in] and `bias` [out], on the device and in the precision to compute in. Throws
  /// `std::invalid_argument` if it must be invariant and cannot.
  linear(at::Tensor weight, at::Tensor bias, std::optional<activation> then, const linear_kernels& kernels)
      : weight_(std::move(weight)), bias_(std::move(bias)), then_(then) {
    const at::Tensor plain = weight_;
    if (kernels.int8) {
      int8_ = kernels.int8;
      quantized_ = int8_->prepare(weight_, bias_);
      weight_.reset();
    } else if (kernels.onednn && onednn_linear::takes(weight_)) {
      onednn_ = kernels.onednn;
      weight_ = onednn_->prepare(weight_);
    }
    if (kernels.invariant) make_invariant(plain);
  }

  /// x [rows, in], contiguous -> [rows, out].
  at::Tensor operator()(const at::Tensor& x) const {
    if (tiles_) return (*tiles_)([this](const at::Tensor& piece) { return run(piece); }, x);
    return run(x);
  }

  /// Whether libtorch's product with GELU in its epilogue is the way to compute this activation on that
  /// device and in that type. It has no say in which form of GELU that is: on CUDA always the one by tanh, in
  /// cuBLASLt's epilogue (more than one row) as in the kernel behind the product that takes its place
  /// elsewhere; on the CPU the exact one, and nothing is gained by it there. Not in fp32: the epilogue takes
  /// the hardware's tanh, which has 11 bits.
  [[nodiscard]] static bool fuses_gelu(std::optional<activation> then, c10::Device device,
                                       at::ScalarType type) noexcept {
    return then == activation::gelu_tanh && device.is_cuda() && type != at::kFloat;
  }

 private:
  at::Tensor run(const at::Tensor& x) const {
    if (onednn_) return (*onednn_)(x, weight_, bias_, then_);
    if (fuses_gelu(then_, x.device(), x.scalar_type())) return fused_gelu(x);
    at::Tensor y = int8_ ? (*int8_)(x, quantized_) : at::linear(x, weight_, bias_);
    return then_ ? at::gelu_(y, then_ == activation::gelu_tanh ? "tanh" : "none") : y;
  }

  /// oneDNN only where it gives rows the same result in pieces of any size, which depends on the processor.
  void make_invariant(const at::Tensor& plain_weight) {
    const auto run_piece = [this](const at::Tensor& x) { return run(x); };
    const std::int64_t width = plain_weight.size(1);
    if (onednn_) {
      if ((tiles_ = row_tiles::find_all(run_piece, width, bias_.options()))) return;
      onednn_.reset();
      weight_ = plain_weight;
    }
    tiles_ = row_tiles::find(run_piece, width, bias_.options());
  }

  [[nodiscard]] at::Tensor fused_gelu(const at::Tensor& x) const {
    return at::_addmm_activation(bias_, x, weight_.t(), /*beta=*/1, /*alpha=*/1, /*use_gelu=*/true);
  }

  at::Tensor weight_;
  at::Tensor bias_;
  std::optional<activation> then_;
  std::optional<onednn_linear> onednn_;
  std::optional<int8_linear> int8_;
  int8_linear::weights quantized_;
  std::optional<row_tiles> tiles_;
};

}  // namespace carpool::bert
