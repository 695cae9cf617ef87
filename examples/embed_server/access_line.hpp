// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "exchange.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace embed_server {

/// How a request ended.
struct access_outcome {
  unsigned status = 0;
  std::string_view request_id = {};  ///< what the answer told the client
  std::string_view address = {};     ///< the client's; "unix" for a Unix socket
  std::size_t sent = 0;              ///< bytes of the answer's body
};

/// A line of the access log, without its end: an object in JSON. Times are in microseconds, and what is not
/// known is left out. Keys are told by name.
std::string access_line(const exchange& request, const access_outcome& outcome, carpool::time_point now);

}  // namespace embed_server
