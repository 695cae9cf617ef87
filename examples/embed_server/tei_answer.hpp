// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What text-embeddings-inference tells its clients beside embeddings.

#pragma once

#include "embed_answer.hpp"
#include "http.hpp"
#include "limits.hpp"
#include "served_model.hpp"
#include <carpool/time.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace embed_server {

/// What /info says, as JSON.
std::string tei_info(const served_model& model, const limits& limits);

/// The cosine of the last embedding with each of the others, as JSON. All have length 1.
std::string tei_similarities(std::span<const embedding> embeddings);

/// How long the parts of a request took.
struct request_times {
  carpool::duration tokenization{};
  carpool::duration total{};
};

/// The Unicode characters of all texts together.
std::size_t count_characters(std::span<const std::string> texts);

/// Adds TEI's headers about the effort that an answer took.
void add_effort(response& answer, const served_model& model, std::size_t characters, std::size_t token_count,
                request_times took);

}  // namespace embed_server
