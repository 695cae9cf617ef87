// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace embed_server {

/// Descriptors that are needed for other things than clients.
inline constexpr std::size_t files_besides_connections = 64;

/// With fewer, a server cannot work; it ignores the limit then, and accepting fails when it is reached.
inline constexpr std::size_t fewest_files = 2 * files_besides_connections;

struct file_limit {
  std::size_t files = SIZE_MAX;  ///< that this process may have open
  std::size_t connections = 0;   ///< that the server takes at once
};

/// What the limit on open files leaves of so many connections.
inline file_limit find_file_limit(std::size_t connections) {
  file_limit found{.connections = connections};
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return found;
  found.files = static_cast<std::size_t>(limit.rlim_cur);
  if (found.files >= fewest_files)
    found.connections = std::min(connections, found.files - files_besides_connections);
  return found;
}

}  // namespace embed_server
