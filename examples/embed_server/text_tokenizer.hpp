// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/bert/token_places.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace embed_server {

/// The tokeniser of a model, for those who do not have the model: it needs neither weights nor libtorch.
/// Thread-safe.
struct text_tokenizer {
  std::size_t dimension = 0;  ///< hidden_size of the model that it belongs to
  /// As served_model's.
  std::function<carpool::bert::located_tokens(std::string_view text, std::size_t limit)> locate_tokens;
  std::function<std::string(std::span<const std::int32_t> ids, bool skip_special_tokens)> decode;
};

/// From a Hugging Face model folder, of which config.json and tokenizer.json, or vocab.txt, are read. Throws
/// carpool::bert::load_error, which names the file and what is wrong with it.
text_tokenizer load_tokenizer(const std::filesystem::path& folder);

}  // namespace embed_server
