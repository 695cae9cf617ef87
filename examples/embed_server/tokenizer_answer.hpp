// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

// What text-embeddings-inference tells its clients of tokens.

#pragma once

#include "served_model.hpp"
#include "tokenizer_request.hpp"

#include <string>
#include <string_view>

namespace embed_server {

/// Appends a list of `{"id", "text", "special", "start", "stop"}`: a token's part of the text, and where that
/// is in bytes of UTF-8, or a special token's name. Without `special_tokens` [CLS] and [SEP] are left out.
void append_tokens(std::string& out, std::string_view text, const carpool::bert::located_tokens& found,
                   const served_model& model, bool special_tokens);

}  // namespace embed_server
