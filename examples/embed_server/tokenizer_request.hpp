// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

// What text-embeddings-inference lets its clients ask of the tokeniser.

#pragma once

#include "submitted_texts.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace embed_server {

struct tokenize_request : submitted_texts {
  bool add_special_tokens = true;
};

/// `{"inputs": "..." | ["...", ...], "add_special_tokens": ..., "prompt_name": ...}`. Throws api_error whose
/// param names the field at fault.
tokenize_request parse_tokenize(std::string_view body, std::size_t max_inputs);

struct decode_request {
  std::vector<std::vector<std::int32_t>> ids;  ///< at least one list, none empty
  bool is_list = false;                        ///< whether several were given, so that errors name one
  bool skip_special_tokens = true;
};

/// `{"ids": [1, 2] | [[1, 2], [3]], "skip_special_tokens": ...}`, with at most `max_lists` lists and
/// `max_tokens` ids in all. Throws as above.
decode_request parse_decode(std::string_view body, std::size_t max_lists, std::size_t max_tokens);

}  // namespace embed_server
