// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "embed_server/hosted_model.hpp"
#include "queue_options.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace cluster {

namespace asio = boost::asio;

/// A worker's whole life: takes texts from the queue and has the model embed them, until SIGTERM or SIGINT;
/// then finishes what it has. Another signal, or half a minute, and what is left is abandoned, for others to
/// find. Returns whether nothing was. The io_context must be the model's and is run by this function. Tells
/// of itself over HTTP meanwhile, if it is to. Throws std::runtime_error if the queue has workers of another
/// model, or gets some later, when a worker that was silent for too long comes back; what was taken until
/// then is finished.
bool serve_queue(asio::io_context& io, const queue_options& given,
                 const std::shared_ptr<embed_server::hosted_model>& model);

/// Looks at Redis and prints what is wrong with it; whether nothing is. Throws redis_unavailable.
bool check_redis(const queue_options& given);

}  // namespace cluster
