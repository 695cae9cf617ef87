// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What the device can do at best: a large product, the products of the encoder, and copying memory.

#pragma once

#include "report.hpp"
#include <carpool/bert/config.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

class ceilings {
 public:
  ceilings(c10::Device device, at::ScalarType type, bool toy) : device_(device), type_(type), toy_(toy) {}

  void measure(const carpool::bert::model_config& model) const {
    const c10::InferenceMode no_gradients;
    copy();
    const std::int64_t large = toy_ ? 256 : 8192;
    product("large", large, large, large);
    const std::int64_t hidden = model.hidden_size, inner = model.intermediate_size;
    for (const std::int64_t rows :
         toy_ ? std::vector<std::int64_t>{64} : std::vector<std::int64_t>{512, 4096, 16384}) {
      product("query, key, value", rows, 3 * hidden, hidden);
      product("attention output", rows, hidden, hidden);
      product("intermediate", rows, inner, hidden);
      product("output", rows, hidden, inner);
    }
  }

 private:
  at::Tensor random(std::int64_t rows, std::int64_t columns) const {
    return at::randn({rows, columns}, at::TensorOptions(type_).device(device_));
  }

  void product(const std::string& name, std::int64_t m, std::int64_t n, std::int64_t k) const {
    const at::Tensor x = random(m, k), weight = random(n, k), bias = random(1, n).view({n});
    const double time = time_of(device_, toy_ ? 0.02 : 0.3, [&] { at::linear(x, weight, bias); });
    const double work = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
    json_line("ceilings")
        .add("product", name)
        .add("m", static_cast<double>(m))
        .add("n", static_cast<double>(n))
        .add("k", static_cast<double>(k))
        .add("tflops", work / time * 1e-12)
        .print();
  }

  void copy() const {
    const at::Tensor from = random(toy_ ? 1024 : 262144, 1024), to = at::empty_like(from);
    const double time = time_of(device_, toy_ ? 0.02 : 0.3, [&] { to.copy_(from); });
    json_line("ceilings").add("copy_gb_per_second", 2e-9 * static_cast<double>(from.nbytes()) / time).print();
  }

  c10::Device device_;
  at::ScalarType type_;
  bool toy_;
};

}  // namespace bench
