// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "embed_server/served_model.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace cluster {

/// What gateways must know of the model that the workers of a queue run, which is the same for all of them.
struct model_card {
  std::string name;
  std::size_t dimension = 0;
  std::size_t max_tokens = 0;                  ///< per text
  std::string precision;                       ///< in TEI's words
  std::string pooling;                         ///< likewise
  bool unit_length = true;                     ///< whether its embeddings have length 1
  std::map<std::string, std::string> prompts;  ///< by name, what is put before a text
  bool gives_token_vectors = true;
  std::size_t max_batch_size = 0;

  friend bool operator==(const model_card&, const model_card&) = default;
};

/// That of a model which a worker has loaded.
model_card card_of(const embed_server::served_model& model);

/// As JSON, for people too.
std::string to_json(const model_card& card);

/// Throws std::runtime_error, with a sentence, for anything but a card.
model_card parse_model_card(std::string_view json);

}  // namespace cluster
