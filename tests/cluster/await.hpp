// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/doctest.hpp"

#include <chrono>
#include <thread>

namespace carpool::test {

/// Asks, a hundred times a second, until something is so, which must happen within a minute.
template <class Condition>
void await(Condition holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (!holds()) {
    REQUIRE(std::chrono::steady_clock::now() < until);
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

}  // namespace carpool::test
