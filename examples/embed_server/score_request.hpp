// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

// What text-embeddings-inference lets its clients ask of classifiers.

#pragma once

#include "submitted_texts.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embed_server {

/// A query, and the texts that may answer it.
struct rerank_request : submitted_texts {
  std::string query;  ///< not empty if one of the texts is
  bool raw_scores = false;
  bool return_text = false;
};

/// `{"query": "...", "texts": ["...", ...], "raw_scores": ..., "return_text": ..., "truncate": ...}`. Throws
/// api_error whose param names the field at fault.
rerank_request parse_rerank(std::string_view body, std::size_t max_inputs);

/// Texts and pairs of texts, of which each text is the second of its pair. It `is_list` if the answer is to
/// be one.
struct predict_request : submitted_texts {
  /// For each text the first of its pair; no value: it is alone.
  std::vector<std::optional<std::string>> queries;
  bool raw_scores = false;
};

/// `{"inputs": "..." | ["..."] | ["...", "..."] | [["..."], ["...", "..."], ...], "raw_scores": ...,
/// "truncate": ...}`: a text, a pair, or a list of both. Throws as above.
predict_request parse_predict(std::string_view body, std::size_t max_inputs);

}  // namespace embed_server
