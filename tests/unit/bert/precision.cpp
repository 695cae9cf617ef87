// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/precision.hpp>

#include <ATen/Context.h>

#include <stdexcept>
#include <string>

using namespace carpool::bert;

namespace {

const c10::Device cpu(c10::kCPU);
const c10::Device cuda(c10::kCUDA, 0);
constexpr cpu_features plain{};
constexpr cpu_features rich{.bf16 = true, .vnni = true};

std::string refusal(precision asked, c10::Device device, const cpu_features& features) {
  try {
    choose_precision(asked, device, features);
    return "accepted";
  } catch (const std::invalid_argument& fault) {
    return fault.what();
  }
}

}  // namespace

TEST_CASE("precision is fp32 on the CPU, whatever it can do, and fp16 on CUDA unless asked otherwise") {
  CHECK((choose_precision(precision::automatic, cpu, rich).type == c10::kFloat));
  CHECK((choose_precision(precision::fp32, cpu, rich).type == c10::kFloat));
  CHECK((choose_precision(precision::automatic, cuda, plain).type == c10::kHalf));
  CHECK((choose_precision(precision::fp16, cuda, plain).type == c10::kHalf));
  CHECK((choose_precision(precision::bf16, cuda, plain).type == c10::kBFloat16));
  CHECK((choose_precision(precision::fp32, cuda, plain).type == c10::kFloat));
}

TEST_CASE("bf16 on the CPU is for those that have instructions for it") {
  CHECK((choose_precision(precision::bf16, cpu, rich).type == c10::kBFloat16));
  CHECK(refusal(precision::bf16, cpu, plain) ==
        "model_options::precision is bf16, but this CPU has no AVX512-BF16, without which bf16 is slower "
        "than "
        "fp32");
  CHECK(refusal(precision::fp16, cpu, rich) ==
        "model_options::precision is fp16, but on the CPU it must be fp32, bf16 or int8");
}

TEST_CASE("int8 is a matter of the linear layers, and of the CPU") {
  const number_format format = choose_precision(precision::int8, cpu, plain);
  CHECK((format.type == c10::kFloat));
  CHECK(format.int8_linears);
  CHECK_FALSE(choose_precision(precision::fp32, cpu, plain).int8_linears);
  CHECK(refusal(precision::int8, cuda, rich) ==
        "model_options::precision is int8, which is for the CPU only");
}

TEST_CASE("linear layers are quantised if int8 is asked for, and only then") {
  CHECK_FALSE(choose_kernels({}).int8);
#ifdef __x86_64__
  const linear_kernels kernels = choose_kernels({.int8_linears = true});
  CHECK(kernels.int8);
  CHECK_FALSE(kernels.onednn);
#endif
}

TEST_CASE("a libtorch whose quantized kernels are others is told apart when the model is loaded") {
  const at::QEngine before = at::globalContext().qEngine();
  at::globalContext().setQEngine(at::QEngine::QNNPACK);
  CHECK_THROWS_AS(choose_kernels({.int8_linears = true}), std::invalid_argument);
  at::globalContext().setQEngine(before);
}
