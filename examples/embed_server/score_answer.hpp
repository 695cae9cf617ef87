// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

// What text-embeddings-inference tells of scores.

#pragma once

#include "served_model.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embed_server {

/// The scores of a text, one for each label of the model: by the function that its folder names; where that
/// is none, as TEI has it, by sigmoid for a single label and by softmax for several; the logits themselves if
/// `raw`. Throws api_error (model_failed) if one is not finite.
std::vector<float> scores_of(const served_model& model, std::span<const float> logits, bool raw);

/// The places of the logits, that of the highest first; equal ones as they come. That is also the order of
/// the scores, of which more are equal, since the functions round.
std::vector<std::size_t> best_first(std::span<const float> logits);

/// Appends `{"index":0,"text":"...","score":0.9}`, without a text if that is null.
void append_rank(std::string& out, std::size_t index, const std::string* text, float score);

/// Appends `[{"score":0.9,"label":"..."},...]`, that of the highest logit first.
void append_prediction(std::string& out, const std::vector<std::string>& labels,
                       std::span<const float> logits, std::span<const float> scores);

/// Bytes that append_prediction appends for all labels, at most.
std::size_t prediction_size(const std::vector<std::string>& labels);

}  // namespace embed_server
