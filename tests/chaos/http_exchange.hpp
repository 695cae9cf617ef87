// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>

namespace chaos {

/// One request to a gateway, and what became of it.
struct http_exchange {
  std::chrono::steady_clock::time_point sent{};
  std::chrono::steady_clock::time_point answered{};
  std::chrono::milliseconds deadline{};  ///< from when it was sent
  std::size_t gateway = 0;               ///< which one was asked
  bool patient = false;                  ///< the deadline is longer than any fault
  unsigned status = 0;                   ///< 0: there was no answer
  bool own = false;                      ///< the answer belongs to this request, and nothing came behind it
};

}  // namespace chaos
