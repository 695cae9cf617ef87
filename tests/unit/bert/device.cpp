// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/device.hpp>

#include <stdexcept>
#include <string>

using namespace carpool::bert;

namespace {

std::string refusal(const std::string& name) {
  try {
    return choose_device(name).str();
  } catch (const std::invalid_argument& fault) {
    return fault.what();
  }
}

}  // namespace

TEST_CASE("cpu is always there, and auto takes it where there is no CUDA") {
  CHECK(choose_device("cpu").is_cpu());
  CHECK(choose_device("auto").is_cuda() == (find_cuda().devices > 0));
}

TEST_CASE("asking for CUDA where there is none is an error that says why") {
  const cuda_availability cuda = find_cuda();
  if (cuda.devices > 0) {
    CHECK(refusal("cuda") == "cuda:0");
    CHECK(refusal("cuda:1000") ==
          "model_options::device is \"cuda:1000\", but the last CUDA device is number " +
              std::to_string(cuda.devices - 1));
  } else {
    CHECK_FALSE(cuda.why_not.empty());
    CHECK(refusal("cuda") == "model_options::device is \"cuda\", but there is no CUDA: " + cuda.why_not);
    CHECK(refusal("cuda:1") == "model_options::device is \"cuda:1\", but there is no CUDA: " + cuda.why_not);
  }
}

TEST_CASE("a device name that means nothing is refused") {
  for (const std::string name :
       {"", "gpu", "CPU", "cuda:", "cuda:x", "cuda:-1", "cuda:0x", "cuda:99999999999", "cpu:0"}) {
    CHECK(refusal(name) ==
          "model_options::device is \"" + name + "\"; it must be \"auto\", \"cpu\", \"cuda\" or \"cuda:N\"");
  }
}

TEST_CASE("precision is fp32 on the CPU and fp16 on CUDA unless asked otherwise") {
  const c10::Device cuda(c10::kCUDA, 0);
  CHECK((choose_precision(precision::automatic, c10::kCPU) == c10::kFloat));
  CHECK((choose_precision(precision::fp32, c10::kCPU) == c10::kFloat));
  CHECK((choose_precision(precision::automatic, cuda) == c10::kHalf));
  CHECK((choose_precision(precision::bf16, cuda) == c10::kBFloat16));
  CHECK((choose_precision(precision::fp32, cuda) == c10::kFloat));
  CHECK_THROWS_AS(choose_precision(precision::fp16, c10::kCPU), std::invalid_argument);
  CHECK_THROWS_AS(choose_precision(precision::bf16, c10::kCPU), std::invalid_argument);
}

TEST_CASE("the description names the device, libtorch and the reason for not using CUDA") {
  CHECK(libtorch_version().find_first_not_of("0123456789.") == std::string::npos);
  const std::string line = describe_device(c10::kCPU, 1);
  CHECK(line.starts_with("cpu, "));
  CHECK(line.find(", 1 thread, libtorch " + libtorch_version()) != std::string::npos);
  if (find_cuda().devices == 0) CHECK(line.ends_with("no CUDA: " + find_cuda().why_not));
}

TEST_CASE("threads are as asked for, and otherwise at least one") {
  CHECK(choose_threads(3) == 3);
  CHECK(choose_threads(0) >= 1);
}
