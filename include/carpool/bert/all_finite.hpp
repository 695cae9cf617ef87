// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bit>
#include <cstdint>
#include <span>

namespace carpool::bert {

/// Whether none of them is a NaN or an infinity. Looks at all of them, because a loop that may end early is
/// not vectorised.
[[nodiscard]] inline bool all_finite(std::span<const float> numbers) noexcept {
  constexpr std::uint32_t exponent = 0x7f800000;  // all of it is set in infinities and NaNs only
  bool all = true;
  for (const float number : numbers) all &= (std::bit_cast<std::uint32_t>(number) & exponent) != exponent;
  return all;
}

}  // namespace carpool::bert
