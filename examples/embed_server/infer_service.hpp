// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "circumstances.hpp"
#include "http.hpp"
#include "limits.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace embed_server {

/// What the server does with a request that runs a model by the Open Inference Protocol: embeddings, or a
/// classifier's scores. Everything runs on the thread that asks, in turns; the model runs elsewhere.
/// Circumstances, whose model is known and can do it, and limits must outlive the operation. Throws
/// api_error, or as embedding_engine::embed.
asio::awaitable<response> answer_infer(circumstances& when, const limits& limits, std::string body);

}  // namespace embed_server
