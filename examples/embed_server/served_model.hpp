// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/bert/token_places.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace embed_server {

/// What the server tells of a model. Does not change while the model is served.
struct served_model {
  std::string name;
  std::size_t dimension = 0;
  std::size_t max_tokens = 0;         ///< per text
  std::string precision = "float32";  ///< in TEI's words
  std::string pooling = "mean";       ///< likewise
  bool on_gpu = false;
  std::size_t max_batch_size = 0;
  std::size_t max_queue_size = 0;   ///< no job may have more texts
  bool gives_token_vectors = true;  ///< whether jobs may be other than `pooled`
  /// The tokens of a text with their places in it, never cut; more than `limit` fail as text_too_long. Called
  /// on the io thread. Throws boost::system::system_error, for one with a code of carpool::bert::error. Empty
  /// where there is no tokeniser at hand.
  std::function<carpool::bert::located_tokens(std::string_view text, std::size_t limit)> locate_tokens;
  /// The text of some ids. Likewise.
  std::function<std::string(std::span<const std::int32_t> ids, bool skip_special_tokens)> decode;
};

}  // namespace embed_server
