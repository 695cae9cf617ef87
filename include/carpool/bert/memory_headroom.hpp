// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/error.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace carpool::bert {

/// The memory of a device, in bytes.
struct device_memory {
  std::uint64_t total = 0;  ///< more than 0
  std::uint64_t free = 0;   ///< that nobody has
  std::uint64_t held = 0;   ///< that this process has already, in libtorch's allocator
};

/// The share of all memory that libtorch may hold in this process, so that `headroom`, a share of all memory,
/// stays free beside what others have. Throws `std::invalid_argument` with a sentence if `headroom` is no
/// share, and `load_error` if less than it is free now.
[[nodiscard]] inline double memory_share(const std::string& device, const device_memory& now,
                                         double headroom) {
  if (!(headroom >= 0 && headroom < 1)) {
    throw std::invalid_argument("model_options::memory_headroom is " + std::to_string(headroom) +
                                "; it must be at least 0 and less than 1");
  }
  const auto total = static_cast<double>(now.total);
  const double room = static_cast<double>(now.free) + static_cast<double>(now.held) - headroom * total;
  if (room > 0) return room / total;
  constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
  throw load_error(device + ": " + std::to_string(now.free / mebibyte) + " of " +
                   std::to_string(now.total / mebibyte) +
                   " MiB are free, which is less than model_options::memory_headroom keeps free");
}

}  // namespace carpool::bert
