// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

namespace carpool::bert {

/// How many of its pieces each text of a pair keeps when `room` pieces fit: as with `longest_first` of
/// Hugging Face's tokenizers, the longer text is cut until both fit or are equally long, and then both are.
/// Of an odd number the longer text keeps the piece more, of equally long ones the second.
[[nodiscard]] constexpr std::pair<std::size_t, std::size_t> longest_first(std::size_t first,
                                                                          std::size_t second,
                                                                          std::size_t room) noexcept {
  if (first <= room && second <= room - first) return {first, second};
  const std::size_t shorter = std::min({first, second, room / 2});
  return first > second ? std::pair{room - shorter, shorter} : std::pair{shorter, room - shorter};
}

}  // namespace carpool::bert
