// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

// What the server does with a request that asks a classifier, in TEI's protocol. Everything runs on the
// thread that asks, in turns; the model runs elsewhere. Each throws api_error, or as embedding_engine::embed.

#pragma once

#include "circumstances.hpp"
#include "http.hpp"
#include "limits.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <string>

namespace embed_server {

/// `/rerank`: texts by how well they answer a query. Circumstances, whose model is known and can do it, and
/// limits must outlive the operation.
asio::awaitable<response> answer_rerank(circumstances& when, const limits& limits, std::string body);

/// `/predict`: the labels of texts or pairs with their scores. Likewise.
asio::awaitable<response> answer_predict(circumstances& when, const limits& limits, std::string body);

/// Refuses more scores than an answer may hold.
void check_scores(std::size_t texts, const served_model& model, const limits& limits);

}  // namespace embed_server
