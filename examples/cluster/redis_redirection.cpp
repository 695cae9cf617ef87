// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "redis_redirection.hpp"

#include <string>

namespace cluster {

std::optional<redis_settings> redirection(const redis_settings& asked, std::string_view error) {
  if (!error.starts_with("MOVED ")) return std::nullopt;
  const auto address = error.substr(error.rfind(' ') + 1);
  const auto colon = address.rfind(':');  // the last one: the host may be an IPv6 address
  if (colon == address.npos || colon + 1 == address.size()) return std::nullopt;
  redis_settings moved = asked;
  moved.unix_socket.clear();
  if (colon > 0) moved.host = address.substr(0, colon);
  moved.port = address.substr(colon + 1);
  return moved;
}

}  // namespace cluster
