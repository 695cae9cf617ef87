// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <fstream>
#include <string>

namespace carpool::test {

// Sanitizers hold on to freed memory, and make everything many times slower.
#ifdef __has_feature  // clang's way to ask
inline constexpr bool under_address_sanitizer = __has_feature(address_sanitizer);
inline constexpr bool under_sanitizers = under_address_sanitizer || __has_feature(thread_sanitizer);
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr bool under_address_sanitizer = true;
inline constexpr bool under_sanitizers = true;
#else
inline constexpr bool under_address_sanitizer = false;
inline constexpr bool under_sanitizers = false;
#endif

/// What this process has in memory.
inline long resident_kilobytes() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  return 0;
}

}  // namespace carpool::test
