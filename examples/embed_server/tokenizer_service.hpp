// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "circumstances.hpp"
#include "http.hpp"
#include "limits.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace embed_server {

/// What the server does with a request that asks only the tokeniser, in TEI's protocol. Everything runs on
/// the thread that asks, in turns. Each throws api_error.

/// `/tokenize`: the tokens of texts, of any length, with their places. Both must outlive the
/// operation.
boost::asio::awaitable<response> answer_tokenize(circumstances& when, const limits& limits, std::string body);

/// `/decode`: the texts of ids. Likewise.
boost::asio::awaitable<response> answer_decode(circumstances& when, const limits& limits, std::string body);

}  // namespace embed_server
