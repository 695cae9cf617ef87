// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "exchange.hpp"
#include "header_guard.hpp"
#include "limits.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace embed_server {

/// Whether a client has compressed its body.
bool is_compressed(const request_head& head);

/// A compressed body as it was before, with turns for other connections meanwhile. Throws what body_decoder
/// and the request's share of memory throw.
boost::asio::awaitable<std::string> decompress(exchange& request, std::string body, const limits& limits);

}  // namespace embed_server
