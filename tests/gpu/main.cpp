// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Tests that need a CUDA device. Without one the program says so and returns 77, which ctest shows as
// skipped.

#define DOCTEST_CONFIG_IMPLEMENT
#include <carpool/bert/device.hpp>

#include <support/doctest.hpp>

#include <iostream>

int main(int argc, char** argv) {
  const auto cuda = carpool::bert::find_cuda();
  if (cuda.devices == 0) {
    std::cout << "skipped: there is no CUDA device: " << cuda.why_not << '\n';
    return 77;
  }
  return doctest::Context(argc, argv).run();
}
