// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "client_stream.hpp"
#include "header_guard.hpp"
#include "http.hpp"
#include "limits.hpp"
#include "memory_budget.hpp"

#include <boost/asio/awaitable.hpp>

namespace embed_server {

/// Reads the header of a request, what the stream holds of it first, within the limits of its size and time.
/// Keys are not left in the parser. Throws api_error for one that is refused, and system_error where the
/// connection ends before it does.
asio::awaitable<request_head> read_head(client_stream& stream, request_parser& parser, const limits& limits);

/// Reads the body behind that header, if there is one, asked for with "100 Continue" where the client waits
/// for that. Throws as read_head, and what the share of memory throws.
asio::awaitable<void> read_body(client_stream& stream, request_parser& parser, const request_head& head,
                                const limits& limits, memory_share& memory);

}  // namespace embed_server
