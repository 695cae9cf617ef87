// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace chaos {

/// What callers may hear of a fault.
struct effects {
  bool refuses = false;                     ///< 503
  bool loses = false;                       ///< texts that Redis had accepted
  std::optional<std::size_t> gateway = {};  ///< whose callers alone are refused; without it all are
};

/// From the beginning of a fault until everybody was answered again.
struct fault_window {
  std::string name;
  effects may = {};
  std::chrono::steady_clock::time_point begin{};
  std::chrono::steady_clock::time_point end = std::chrono::steady_clock::time_point::max();
};

}  // namespace chaos
