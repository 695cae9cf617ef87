// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What the device can do at best: a large product, the products of the encoder, copying memory, launching
// kernels; and what the kernels of our own do of it.

#pragma once

#include "report.hpp"
#include <carpool/bert/attention.hpp>
#include <carpool/bert/config.hpp>
#include <carpool/bert/pooling.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

class ceilings {
 public:
  /// `budget`: seconds for all that is asked.
  ceilings(const at::TensorOptions& target, bool toy, double budget)
      : target_(target), toy_(toy), each_(budget / 48) {}

  void device() const {
    const c10::InferenceMode no_gradients;
    copy();
    launch();
    const std::int64_t large = toy_ ? 256 : 8192;
    product("", "large", large, large, large);
  }

  /// The products of a model, and the steps for which there are kernels of our own.
  void encoder(const std::string& name, const carpool::bert::model_config& model) const {
    const c10::InferenceMode no_gradients;
    const std::int64_t hidden = model.hidden_size, inner = model.intermediate_size;
    for (const std::int64_t rows :
         toy_ ? std::vector<std::int64_t>{256} : std::vector<std::int64_t>{512, 4096, 16384}) {
      product(name, "query, key, value", rows, 3 * hidden, hidden);
      product(name, "attention output", rows, hidden, hidden);
      product(name, "intermediate", rows, inner, hidden);
      product(name, "output", rows, hidden, inner);
    }
    norm(name, hidden);
    pooling(name, hidden);
    for (const std::int64_t length : {32, 128, 512}) attention(name, hidden, model.heads, length);
  }

 private:
  at::Tensor random(at::IntArrayRef shape) const { return at::randn(shape, target_); }

  /// Inputs that take turns, so that none is in a cache that other data have passed through.
  std::vector<at::Tensor> in_turn(at::IntArrayRef shape) const {
    constexpr std::size_t more_than_caches = std::size_t{256} << 20U;
    std::vector<at::Tensor> inputs{random(shape)};
    const std::size_t count =
        toy_ ? 2 : std::clamp<std::size_t>(more_than_caches / inputs[0].nbytes(), 1, 64);
    while (inputs.size() < count) inputs.push_back(random(shape));
    return inputs;
  }

  void product(const std::string& model, const std::string& name, std::int64_t m, std::int64_t n,
               std::int64_t k) const {
    const std::vector<at::Tensor> x = in_turn({m, k});
    const at::Tensor weight = random({n, k}), bias = random({n});
    const double time =
        time_of(target_.device(), each_, [&](std::size_t i) { at::linear(x[i % x.size()], weight, bias); });
    const double work = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
    json_line("ceilings")
        .add("model", model)
        .add("what", name)
        .add("m", m)
        .add("n", n)
        .add("k", k)
        .add("tflops", work / time * 1e-12)
        .print();
  }

  void copy() const {
    const at::Tensor from = random({toy_ ? 1024 : 262144, 1024}), to = at::empty_like(from);
    const double time = time_of(target_.device(), each_, [&](std::size_t) { to.copy_(from); });
    json_line("ceilings")
        .add("what", "copy, read and written")
        .add("gb_per_second", 2e-9 * static_cast<double>(from.nbytes()) / time)
        .print();
  }

  /// What one operator of libtorch costs that has next to nothing to do: on CUDA that is dispatch and launch.
  void launch() const {
    const at::Tensor x = random({32});
    const double time = time_of(target_.device(), each_, [&](std::size_t) { x.add_(1); });
    json_line("ceilings").add("what", "launch").add("microseconds", 1e6 * time).print();
  }

  void norm(const std::string& model, std::int64_t hidden) const {
    const std::int64_t rows = toy_ ? 256 : 16384;
    const std::vector<at::Tensor> x = in_turn({rows, hidden});
    const at::Tensor residual = random({rows, hidden}), scale = random({hidden}), shift = random({hidden});
    const double bytes = 3.0 * static_cast<double>(residual.nbytes());
    kernel(model, "residual + norm", "libtorch", bytes, [&](std::size_t i) {
      at::layer_norm(x[i % x.size()].add(residual), {hidden}, scale, shift, 1e-12);
    });
#ifdef CARPOOL_BERT_KERNELS
    if (target_.device().is_cuda())
      kernel(model, "residual + norm", "carpool", bytes, [&](std::size_t i) {
        carpool::bert::cuda::residual_norm(x[i % x.size()], residual, scale, shift, 1e-12);
      });
#endif
  }

  void pooling(const std::string& model, std::int64_t hidden) const {
    const std::int64_t rows = toy_ ? 256 : 16384;
    const std::vector<at::Tensor> x = in_turn({rows, hidden});
    const at::Tensor offsets = at::arange(0, rows + 1, 128, target_.dtype(at::kInt));
    const auto bytes = static_cast<double>(x[0].nbytes());
    kernel(model, "mean + length 1", "libtorch", bytes, [&](std::size_t i) {
      carpool::bert::normalize(carpool::bert::pool(x[i % x.size()], offsets, carpool::bert::pooling::mean));
    });
#ifdef CARPOOL_BERT_KERNELS
    if (target_.device().is_cuda())
      kernel(model, "mean + length 1", "carpool", bytes,
             [&](std::size_t i) { carpool::bert::cuda::pool(x[i % x.size()], offsets, false, true); });
#endif
  }

  void attention(const std::string& model, std::int64_t hidden, std::int64_t heads,
                 std::int64_t length) const {
    if (!carpool::bert::has_flash_attention(target_, hidden / heads)) return;
    const std::int64_t rows = 16384;
    const std::vector<at::Tensor> qkv = in_turn({rows, 3 * hidden});
    const at::Tensor offsets = at::arange(0, rows + 1, length, target_.dtype(at::kInt));
    const std::string what = "attention, " + std::to_string(length) + " tokens";
    const double bytes = 4.0 / 3 * static_cast<double>(qkv[0].nbytes());
    kernel(model, what, "libtorch", bytes, [&](std::size_t i) {
      carpool::bert::flash_attention(qkv[i % qkv.size()], offsets, static_cast<std::size_t>(length), heads);
    });
#ifdef CARPOOL_BERT_KERNELS
    if (carpool::bert::has_packed_attention(target_, hidden / heads))
      kernel(model, what, "carpool", bytes,
             [&](std::size_t i) { carpool::bert::cuda::attention(qkv[i % qkv.size()], offsets, heads); });
#endif
  }

  void kernel(const std::string& model, const std::string& what, const std::string& side, double bytes,
              const std::function<void(std::size_t)>& work) const {
    const double time = time_of(target_.device(), each_, work);
    json_line("kernels")
        .add("model", model)
        .add("what", what)
        .add("side", side)
        .add("microseconds", 1e6 * time)
        .add("gb_per_second", 1e-9 * bytes / time)
        .print();
  }

  at::TensorOptions target_;
  bool toy_;
  double each_;
};

}  // namespace bench
