// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "text_tokenizer.hpp"

#include <carpool/bert/config.hpp>
#include <carpool/bert/wordpiece.hpp>
#include <carpool/bert/wordpiece_decoder.hpp>

#include <memory>

namespace embed_server {

text_tokenizer load_tokenizer(const std::filesystem::path& folder) {
  namespace bert = carpool::bert;
  const bert::model_config config = bert::read_any_config(folder);
  const auto encoder = std::make_shared<const bert::wordpiece>(folder, config);
  const auto decoder = std::make_shared<const bert::wordpiece_decoder>(folder, config);
  return {
      .dimension = static_cast<std::size_t>(config.hidden_size),
      .locate_tokens = [encoder](std::string_view text,
                                 std::size_t limit) { return encoder->encode_located(text, limit); },
      .decode = [decoder](std::span<const std::int32_t> ids,
                          bool skip_special_tokens) { return decoder->decode(ids, skip_special_tokens); },
  };
}

}  // namespace embed_server
