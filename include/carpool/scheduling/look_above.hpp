// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <algorithm>
#include <cstddef>

namespace carpool::scheduling {

/// While fewer batches run than there are lanes, none shows what one more would do: a limit that is too low,
/// learnt from a lane's first batches or from smaller ones, would stay for ever. So now and then, while there
/// is a batch to look with, one more than the limit may run, for some batches. They are paid for by those
/// that wait anyway, and become rarer the more of them there were. Counts in batches that have ended. Plain
/// data.
struct look_above {
  static constexpr std::size_t length = 8;
  static constexpr std::size_t longest_gap = 512;

  std::size_t until = 0;  ///< the end of the present look, or of the last one
  std::size_t next = 32;  ///< the next may begin; not before the first fit has settled
  std::size_t gap = 16;

  /// A large batch waits, and as many run as the limit allows: may it leave nevertheless?
  [[nodiscard]] bool allows(std::size_t batches) noexcept {
    if (batches >= next) {
      until = batches + length;
      gap = std::min(2 * gap, longest_gap);
      next = until + gap;
    }
    return batches < until;
  }
};

}  // namespace carpool::scheduling
