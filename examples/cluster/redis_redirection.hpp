// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "redis_settings.hpp"

#include <optional>
#include <string_view>

namespace cluster {

/// How to reach the server of a Redis Cluster that has what `asked` has not, if `error` is its "MOVED SLOT
/// HOST:PORT"; nothing if it is another error. Without a host it is another port of the same one.
std::optional<redis_settings> redirection(const redis_settings& asked, std::string_view error);

}  // namespace cluster
