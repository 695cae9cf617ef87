// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "embed_server/options.hpp"
#include "queue_options.hpp"

namespace cluster {

/// A gateway's whole life: waits for the first worker, then answers HTTP as embed_server does, with the
/// workers of the queue for a model, until SIGTERM or SIGINT and every request has been answered. Ends the
/// process with a failure if that takes too long. Throws an exception whose message names the option at
/// fault.
void serve_gateway(const queue_options& queue, const embed_server::server_options& given);

}  // namespace cluster
