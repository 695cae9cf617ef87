// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <stdexcept>
#include <thread>

namespace carpool::test {

/// Asks, a hundred times a second, until something is so. Throws std::runtime_error if that takes a minute.
template <class Condition>
void await(Condition holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until)
      throw std::runtime_error("what was waited for has not happened within a minute");
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

}  // namespace carpool::test
