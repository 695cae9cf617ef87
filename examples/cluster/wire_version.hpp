// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "bytes.hpp"

#include <cstdint>
#include <string>

namespace cluster {

/// The first byte of every payload. Programs understand their own version only: one that has changed is
/// answered as such, never guessed at.
inline constexpr std::uint8_t wire_version = 1;

/// Takes the version. Throws wire_error.
inline void check_version(byte_reader& in) {
  const auto version = in.number<std::uint8_t>();
  if (version == wire_version) return;
  throw wire_error{wire_fault::unknown_version, "the payload has version " + std::to_string(version) +
                                                    "; this program understands version " +
                                                    std::to_string(wire_version)};
}

}  // namespace cluster
