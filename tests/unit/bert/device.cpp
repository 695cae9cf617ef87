// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/device.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

using namespace carpool::bert;

namespace {

std::string refusal(const std::string& name, std::vector<std::size_t> ordinals = {}) {
  try {
    return choose_devices(name, ordinals).front().str();
  } catch (const std::invalid_argument& fault) {
    return fault.what();
  }
}

}  // namespace

TEST_CASE("cpu is always there, and auto takes it where there is no CUDA") {
  CHECK(choose_devices("cpu") == std::vector{c10::Device(c10::kCPU)});
  CHECK(choose_devices("auto").front().is_cuda() == (find_cuda().devices > 0));
}

TEST_CASE("asking for CUDA where there is none is an error that says why") {
  const cuda_availability cuda = find_cuda();
  if (cuda.devices > 0) {
    CHECK(refusal("cuda") == "cuda:0");
    CHECK(refusal("cuda", {1000}) ==
          "model_options::devices names device 1000, but the last CUDA device is number " +
              std::to_string(cuda.devices - 1));
  } else {
    CHECK_FALSE(cuda.why_not.empty());
    CHECK(refusal("cuda") == "model_options::device is \"cuda\", but there is no CUDA: " + cuda.why_not);
    CHECK(refusal("auto", {1}) ==
          "model_options::devices is for CUDA devices, but the device is the CPU; no CUDA: " + cuda.why_not);
  }
}

TEST_CASE("a device name that means nothing is refused") {
  for (const std::string name : {"", "gpu", "CPU", "cpu:0"})
    CHECK(refusal(name) ==
          "model_options::device is \"" + name + "\"; it must be \"auto\", \"cpu\" or \"cuda\"");
  CHECK(refusal("cuda:1") ==
        "model_options::device is \"cuda:1\"; it must be \"auto\", \"cpu\" or \"cuda\", and devices the "
        "numbers of CUDA devices");
}

TEST_CASE("the CPU has no numbers") {
  CHECK(refusal("cpu", {0}) == "model_options::devices is for CUDA devices, but the device is the CPU");
}

TEST_CASE("the description names the device, libtorch and the reason for not using CUDA") {
  CHECK(libtorch_version().find_first_not_of("0123456789.") == std::string::npos);
  const std::string line = describe_device(c10::kCPU, 1);
  CHECK(line.starts_with("cpu, "));
  CHECK(line.find(", 1 thread, libtorch " + libtorch_version()) != std::string::npos);
  if (find_cuda().devices == 0) CHECK(line.ends_with("no CUDA: " + find_cuda().why_not));
}

TEST_CASE("threads are as asked for, and otherwise a lane's share of the cores") {
  const auto threads = [](model_options given) { return static_cast<std::size_t>(choose_threads(given)); };
  CHECK(threads({.threads = 3}) == 3);
  CHECK(threads({}) == share_cores(core_count()).threads);
  CHECK(threads({.lanes_per_device = 2}) == threads_per_lane(core_count(), 2));
}

TEST_CASE("lanes are as asked for, and otherwise what suits the device") {
  CHECK(choose_lanes({.lanes_per_device = 5}, false) == 5);
  CHECK(choose_lanes({}, true) == 2);
  CHECK(choose_lanes({}, false) == share_cores(core_count()).lanes);
  CHECK(choose_lanes({.threads = 2}, false) == 1);
}
