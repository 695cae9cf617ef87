// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/tokens.hpp>
#include <carpool/bert/word_buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace carpool::bert {

/// Part of a text, in bytes: from `begin` up to `end`. Empty for a token that does not come from the text.
struct text_range {
  std::size_t begin = 0;
  std::size_t end = 0;

  friend bool operator==(const text_range&, const text_range&) = default;
};

/// Tokens, and for each the part of the text that it comes from, as Hugging Face's tokenizers tell it: from
/// its first character to its last, with everything between them that normalisation has removed. (Where
/// canonical ordering moves a mark past others that are removed, a place may begin or end with another mark
/// than theirs.)
struct located_tokens {
  bert::tokens tokens;
  std::vector<text_range> places;
};

/// Follows the tokeniser and notes where in the text its tokens come from.
class text_places {
 public:
  /// The code point from `begin` to `end` is looked at.
  void read(std::string_view text, const char* begin, const char* end) {
    current_ = {static_cast<std::size_t>(begin - text.data()), static_cast<std::size_t>(end - text.data())};
  }

  /// It has given another character to the word. Marks that canonical ordering sorts leave their places where
  /// they are. A word that is too long is one token, for which its first and last character are enough.
  void append() {
    if (word_.size() > word_buffer::max_characters)
      word_.back() = current_;
    else
      word_.push_back(current_);
  }

  /// The word's next characters are a token.
  void end_piece(std::string_view characters) {
    const auto is_first_byte = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; };
    const auto count = static_cast<std::size_t>(std::ranges::count_if(characters, is_first_byte));
    if (count > 0) places_.push_back({word_[cut_].begin, word_[cut_ + count - 1].end});
    cut_ += count;
  }

  /// The tokens from this one on are one token after all, the whole word.
  void make_one_piece(std::size_t token) {
    places_.resize(token);
    places_.push_back({word_.front().begin, word_.back().end});
  }

  void end_word() {
    word_.clear();
    cut_ = 0;
  }

  /// A token that does not come from the text.
  void add_nothing() { places_.emplace_back(); }

  std::vector<text_range> take() { return std::move(places_); }

 private:
  text_range current_;
  std::vector<text_range> word_;  // of each of its characters
  std::size_t cut_ = 0;           // characters that are in tokens already
  std::vector<text_range> places_;
};

/// For those who only want the ids; costs nothing.
struct no_places {
  static void read(std::string_view, const char*, const char*) {}
  static void append() {}
  static void end_piece(std::string_view) {}
  static void make_one_piece(std::size_t) {}
  static void end_word() {}
};

}  // namespace carpool::bert
