// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <limits>

namespace carpool::test {

/// Calls of operator new by this thread.
std::size_t allocations() noexcept;

inline constexpr std::size_t always = std::numeric_limits<std::size_t>::max();

/// While it lives, this thread's operator new throws std::bad_alloc after `successes` more calls, so many
/// times.
class allocation_failure {
 public:
  explicit allocation_failure(std::size_t successes, std::size_t failures = always) noexcept;
  ~allocation_failure();
  allocation_failure(const allocation_failure&) = delete;
  allocation_failure& operator=(const allocation_failure&) = delete;

  /// It has thrown so often.
  [[nodiscard]] std::size_t failures() const noexcept;
};

}  // namespace carpool::test
