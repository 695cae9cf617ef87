// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embed_server {

/// How the answer to an embed_request is written.
enum class answer_form {
  object,         ///< {"embedding": [...]}
  lists,          ///< [[...], ...], as TEI
  openai_floats,  ///< OpenAI's, with arrays of numbers
  openai_base64,  ///< OpenAI's, with base64 of little-endian floats
};

/// The texts of a request, in whichever protocol.
struct submitted_texts {
  std::string field;               ///< what the protocol calls them
  std::vector<std::string> texts;  ///< at least one, none empty
  bool is_list = false;            ///< whether the field is a list, so that errors name an element
  std::string last;                ///< what the last text is called, if it is no element of that list
  bool truncate = true;  ///< cut what is longer than the model takes; otherwise such a text is an error
};

/// The name of one text in an error message: "text", "inputs" or "inputs[3]".
std::string name_of_text(const submitted_texts& request, std::size_t index);

/// The body of a request for embeddings, understood and checked as far as possible without the model.
struct embed_request : submitted_texts {
  answer_form form = answer_form::lists;
  std::optional<std::size_t> dimensions;
};

/// `{"text": "..."}` or TEI's `{"inputs": "..." | ["...", ...], "truncate": ..., "dimensions": ...}`.
/// Throws api_error whose param names the field at fault.
embed_request parse_embed(std::string_view body, std::size_t max_inputs);

/// TEI's `{"inputs": {"source_sentence": "...", "sentences": ["...", ...]}, "parameters": {"truncate":
/// ...}}`: the source is the last of the texts. Throws as above.
submitted_texts parse_similarity(std::string_view body, std::size_t max_inputs);

/// OpenAI's `{"input": "..." | ["...", ...], "encoding_format": "float" | "base64", "dimensions": ...}`. Any
/// model name is accepted, as clients send names of models that the server has never heard of. Throws
/// api_error whose param names the field at fault.
embed_request parse_openai(std::string_view body, std::size_t max_inputs);

}  // namespace embed_server
