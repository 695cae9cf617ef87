// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/time.hpp>

#include <cstddef>
#include <optional>

namespace carpool::scheduling {

/// What the shell has to do until the next event.
struct next_step {
  bool dispatchable = false;               ///< a free lane should call start()
  time_point wake_at = never;              ///< ask again at this time at the latest
  std::optional<std::size_t> hung_lane{};  ///< its batch has just run for hung_after; told once per batch
};

}  // namespace carpool::scheduling
