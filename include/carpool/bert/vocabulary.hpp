// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/error.hpp>
#include <carpool/bert/json_file.hpp>
#include <carpool/bert/json_reader.hpp>
#include <carpool/bert/mapped_file.hpp>
#include <carpool/bert/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carpool::bert {

/// The tokens of a model by id. An id that no token has holds an empty string.
using vocabulary = std::vector<std::string>;

namespace detail {

/// Fills a vocabulary, with every id checked: an id beyond the embedding table would read foreign memory
/// later.
class vocabulary_builder {
 public:
  vocabulary_builder(std::string file, std::int64_t limit) : file_{std::move(file)}, limit_{limit} {}

  void add(std::string_view token, std::int64_t id) {
    if (id < 0 || id >= limit_) {
      throw load_error{file_ + ": the token " + in_quotes(token) + " has the id " + std::to_string(id) +
                       ", but config.json says vocab_size " + std::to_string(limit_)};
    }
    const auto index = static_cast<std::size_t>(id);
    if (index >= tokens_.size()) tokens_.resize(index + 1);
    if (!tokens_[index].empty() && tokens_[index] != token) {
      throw load_error{file_ + ": " + in_quotes(tokens_[index]) + " and " + in_quotes(token) +
                       " have the same id " + std::to_string(id)};
    }
    tokens_[index] = token;
  }

  vocabulary take() { return std::move(tokens_); }

 private:
  std::string file_;
  std::int64_t limit_;
  vocabulary tokens_;
};

inline vocabulary read_json_vocabulary(const json_file& file, std::int64_t limit) {
  const json_section model = file.root().section("model");
  vocabulary_builder builder{file.name(), limit};
  for (const auto& [token, id] : model.at("vocab").as_object(model.subject("vocab"))) {
    builder.add(token, id.as_integer(model.subject("vocab: the id of " + in_quotes(token))));
  }
  if (const json_value* added = file.root().find("added_tokens")) {
    for (const json_value& value : added->as_array(file.root().subject("added_tokens"))) {
      const json_section token{value, file.root().subject("added_tokens")};
      builder.add(token.string("content"), token.at("id").as_integer(token.subject("id")));
    }
  }
  return builder.take();
}

/// vocab.txt: one token per line, the id is the line number from 0. An empty line is no token.
inline vocabulary read_text_vocabulary(const std::filesystem::path& path, std::int64_t limit) {
  const mapped_file file{path};
  std::string_view rest = file.text();
  const std::size_t fault = find_invalid_utf8(rest);
  if (fault != rest.size())
    throw load_error{path.string() + " is not valid UTF-8 (byte " + std::to_string(fault) + ")"};
  vocabulary_builder builder{path.string(), limit};
  for (std::int64_t id = 0; !rest.empty(); ++id) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) builder.add(line, id);
  }
  return builder.take();
}

}  // namespace detail

/// Reads the vocabulary of a model folder: tokenizer.json if there is one, else vocab.txt. Every id must be
/// below `limit`, the rows of the embedding table. Throws `load_error`.
inline vocabulary read_vocabulary(const std::filesystem::path& folder, std::int64_t limit) {
  if (const auto file = json_file::if_present(folder / "tokenizer.json")) {
    return detail::read_json_vocabulary(*file, limit);
  }
  const std::filesystem::path text = folder / "vocab.txt";
  if (std::filesystem::exists(text)) return detail::read_text_vocabulary(text, limit);
  throw load_error{folder.string() + ": there is neither tokenizer.json nor vocab.txt"};
}

}  // namespace carpool::bert
