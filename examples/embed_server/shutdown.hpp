// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "limits.hpp"
#include "model_catalog.hpp"
#include "server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/signal_set.hpp>

namespace embed_server {

/// Serves until a signal comes, then drains: no new connections, every request that has arrived is answered,
/// the models run empty. After limits.drain_time, or at another signal, what still waits is answered with
/// 503 and the rest dropped, as are those that wait for a model which is not served any more. Returns whether
/// everything was answered.
asio::awaitable<bool> serve_until_signalled(asio::signal_set& signals, server& http,
                                            const model_catalog& models, const limits& limits);

}  // namespace embed_server
