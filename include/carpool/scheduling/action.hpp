// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/stats.hpp>
#include <carpool/time.hpp>

#include <cstddef>
#include <span>
#include <variant>

namespace carpool::scheduling {

/// Positions in the queue, ascending, none twice: a run `[first, first + count)`, or a list that the policy
/// owns and keeps until its next call.
class positions {
 public:
  static constexpr positions run(std::size_t first, std::size_t count) noexcept {
    return {first, count, nullptr};
  }
  static constexpr positions list(std::span<const std::size_t> ascending) noexcept {
    return {0, ascending.size(), ascending.data()};
  }

  /// The first `count` of them.
  [[nodiscard]] constexpr positions prefix(std::size_t count) const noexcept {
    return {first_, count, list_};
  }

  [[nodiscard]] constexpr std::size_t size() const noexcept { return count_; }
  [[nodiscard]] constexpr std::size_t operator[](std::size_t i) const noexcept {
    return list_ == nullptr ? first_ + i : list_[i];
  }

 private:
  constexpr positions(std::size_t first, std::size_t count, const std::size_t* list) noexcept
      : first_(first), count_(count), list_(list) {}

  std::size_t first_;
  std::size_t count_;
  const std::size_t* list_;
};

/// Nothing to do before the next event; no timer is needed.
struct idle {};

/// Ask again at this time, or at the next event if that comes first.
struct wait_until {
  time_point when;
};

/// These requests cannot be served in time: fail them with error::expired, then ask again.
struct shed {
  positions which;
};

/// These requests leave as one batch, and why. If they are more than max_batch_size or cost more than
/// max_batch_work, the scheduler lets only the first of them leave, as many as are allowed.
struct dispatch {
  positions which;
  departure reason;
};

/// The one thing that a policy wants done now.
using action = std::variant<idle, wait_until, shed, dispatch>;

}  // namespace carpool::scheduling
