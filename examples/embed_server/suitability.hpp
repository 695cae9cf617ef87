// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "routes.hpp"
#include "served_model.hpp"

namespace embed_server {

/// Whether a model of this kind can do what the endpoint is for. True of whatever runs no model, too.
bool can_do(model_kind kind, endpoint to);

/// Whether it can, and is there for nothing else: labels are asked of a reranker only where nothing but
/// rerankers can tell any.
bool is_made_for(model_kind kind, endpoint to);

/// Throws api_error (unsuitable_model), in the words of text-embeddings-inference, if it cannot.
void check_can_do(const served_model& model, endpoint to);

}  // namespace embed_server
