// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "text_reply.hpp"
#include "text_request.hpp"
#include <carpool/time.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>

namespace cluster {

namespace asio = boost::asio;

/// Makes the reply to a text, by a deadline on this machine's steady clock. Fails by replying so, not by
/// throwing.
using text_runner = std::function<asio::awaitable<text_reply>(text_request, carpool::time_point deadline)>;

}  // namespace cluster
