// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "submitted_texts.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace embed_server {

/// How the answer to an embed_request is written.
enum class answer_form {
  object,         ///< {"embedding": [...]}
  lists,          ///< [[...], ...], as TEI
  openai_floats,  ///< OpenAI's, with arrays of numbers
  openai_base64,  ///< OpenAI's, with base64 of little-endian floats
};

/// The body of a request for embeddings, understood and checked as far as possible without the model.
struct embed_request : submitted_texts {
  answer_form form = answer_form::lists;
  std::optional<std::size_t> dimensions;
  bool normalize = true;  ///< scale vectors to length 1; else they are what pooling gives
  std::string model;      ///< as the body names it; empty where it does not
};

/// `{"text": "..."}` or TEI's `{"inputs": "..." | ["...", ...], "truncate": ..., "prompt_name": ...,
/// "dimensions": ..., "normalize": ...}`. Throws api_error whose param names the field at fault.
embed_request parse_embed(std::string_view body, std::size_t max_inputs);

/// TEI's `{"inputs": "..." | ["...", ...], "truncate": ..., "prompt_name": ...}`, of which the vectors of all
/// tokens are wanted. Throws as above.
submitted_texts parse_embed_all(std::string_view body, std::size_t max_inputs);

/// TEI's `{"inputs": {"source_sentence": "...", "sentences": ["...", ...]}, "parameters": {"truncate":
/// ..., "prompt_name": ...}}`: the source is the last of the texts. Throws as above.
submitted_texts parse_similarity(std::string_view body, std::size_t max_inputs);

/// OpenAI's `{"input": "..." | ["...", ...], "encoding_format": "float" | "base64", "dimensions": ...,
/// "model": "..."}`. Throws api_error whose param names the field at fault.
embed_request parse_openai(std::string_view body, std::size_t max_inputs);

}  // namespace embed_server
