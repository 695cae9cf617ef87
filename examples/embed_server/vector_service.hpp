// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What the server does with a request for vectors, or for what is computed from them. Everything runs on the
// thread that asks, in turns; the model runs elsewhere. Each throws api_error, or as embedding_engine::embed.

#pragma once

#include "circumstances.hpp"
#include "embed_request.hpp"
#include "http.hpp"
#include "limits.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace embed_server {

/// `/embed`: a vector of each text. Circumstances, whose model is known and can do it, and limits must
/// outlive the operation.
asio::awaitable<response> answer_embed(circumstances& when, const limits& limits, std::string body);

/// `/v1/embeddings`. Likewise.
asio::awaitable<response> answer_openai(circumstances& when, const limits& limits, embed_request request);

/// `/embed_all`: a vector of each token. Likewise.
asio::awaitable<response> answer_embed_all(circumstances& when, const limits& limits, std::string body);

/// `/similarity`: how near texts are to another. Likewise.
asio::awaitable<response> answer_similarity(circumstances& when, const limits& limits, std::string body);

}  // namespace embed_server
