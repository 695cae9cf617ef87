// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>

namespace carpool::scheduling {

/// How a request ended.
enum class outcome { succeeded, failed, rejected, too_large, expired, cancelled, shut_down, device_lost };
inline constexpr std::size_t outcome_count = 8;

}  // namespace carpool::scheduling
