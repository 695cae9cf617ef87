// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "tokenizer_answer.hpp"

#include "json_text.hpp"

#include <cstdint>

namespace embed_server {
namespace {

std::string written(std::int32_t id, std::string_view text, bool special, carpool::bert::text_range place) {
  std::string out = R"({"id":)" + std::to_string(id) + R"(,"text":)" + json_string(text);
  if (special) return out + R"(,"special":true,"start":null,"stop":null})";
  return out + R"(,"special":false,"start":)" + std::to_string(place.begin) + R"(,"stop":)" +
         std::to_string(place.end) + '}';
}

}  // namespace

void append_tokens(std::string& out, std::string_view text, const carpool::bert::located_tokens& found,
                   const served_model& model, bool special_tokens) {
  out += '[';
  for (std::size_t i = 0; i < found.places.size(); ++i) {
    const std::int32_t id = found.tokens.ids[i];
    const carpool::bert::text_range place = found.places[i];
    const bool special = place.begin == place.end;  // comes from no part of the text
    if (special && !special_tokens) continue;
    if (out.back() != '[') out += ',';
    if (special) {
      out += written(id, model.decode({&id, 1}, false), true, place);
    } else {
      out += written(id, text.substr(place.begin, place.end - place.begin), false, place);
    }
  }
  out += ']';
}

}  // namespace embed_server
