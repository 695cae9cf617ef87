// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "header_guard.hpp"
#include "http.hpp"

#include <chrono>
#include <string>

namespace embed_server {

/// Adds to an answer what every answer carries: Date, Content-Length, Connection, Cache-Control, x-request-id
/// and, where it belongs, Allow. An answer to HEAD loses its body but not its length.
void complete_header(response& answer, const request_head& head, bool keep_alive);

/// The header of an answer as it goes over the wire, in one piece: to write the many small ones that Beast's
/// serialiser makes of it takes longer than to join them.
std::string header_text(const response& answer);

/// A time as HTTP writes it, such as "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::chrono::system_clock::time_point time);

}  // namespace embed_server
