// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>

namespace carpool::execution {

/// What CPUs pass to each other in one go; on all that carpool has been measured on. (Not
/// std::hardware_destructive_interference_size, which depends on the compiler's options.)
inline constexpr std::size_t cache_line = 64;

}  // namespace carpool::execution
