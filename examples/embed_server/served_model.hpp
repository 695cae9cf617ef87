// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/bert/prediction.hpp>
#include <carpool/bert/token_places.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embed_server {

/// What a model gives, as text-embeddings-inference tells models apart.
enum class model_kind {
  embedder,    ///< a vector for a text
  classifier,  ///< the scores of several labels for a text or a pair of texts
  reranker,    ///< one score: how well a text answers a query
};

/// What the server tells of a model. Does not change while the model is served.
struct served_model {
  std::string name;
  std::size_t dimension = 0;  ///< values per text: of its embedding, or one for each label
  /// Of a classifier, in the order of its values; empty: it makes embeddings.
  std::vector<std::string> labels;
  carpool::bert::score_function score_function = {};  ///< what a classifier's folder says, see scores_of
  std::size_t max_tokens = 0;                         ///< per text
  std::string precision = "float32";                  ///< in TEI's words
  std::string pooling = "mean";                       ///< likewise, where it makes embeddings
  bool unit_length = true;                            ///< whether its embeddings have length 1 by themselves
  bool on_gpu = false;
  std::map<std::string, std::string> prompts;  ///< by name; see read_prompts
  std::size_t max_batch_size = 0;
  std::size_t max_queue_size = 0;   ///< no job may have more texts
  bool gives_token_vectors = true;  ///< whether jobs may be other than `pooled`
  /// The tokens of a text with their places in it, never cut; more than `limit` fail as text_too_long.
  /// Thread-safe. Throws boost::system::system_error, for one with a code of carpool::bert::error. Empty
  /// where there is no tokeniser at hand.
  std::function<carpool::bert::located_tokens(std::string_view text, std::size_t limit)> locate_tokens;
  /// The text of some ids. Likewise.
  std::function<std::string(std::span<const std::int32_t> ids, bool skip_special_tokens)> decode;

  model_kind kind() const {
    if (labels.empty()) return model_kind::embedder;
    return labels.size() == 1 ? model_kind::reranker : model_kind::classifier;
  }
};

}  // namespace embed_server
