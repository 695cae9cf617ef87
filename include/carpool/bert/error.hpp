// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace carpool::bert {

/// Why one text got no result. The fault is never in its batch mates.
enum class error {
  text_too_long = 1,          ///< more tokens than the model takes, and truncation is off
  empty_text,                 ///< nothing to look at, and empty texts are refused
  invalid_utf8,               ///< the text is not UTF-8
  non_finite_output,          ///< the result holds a NaN or an infinity
  unknown_token,              ///< a token id outside the vocabulary; `tokenize` never makes one
  pairs_unsupported,          ///< a pair of texts, and the model has one token type only
  token_vectors_unsupported,  ///< vectors of tokens, of a model that gives only those of whole texts
};

/// The category of `bert::error`, named "carpool.bert".
class error_category_type final : public boost::system::error_category {
 public:
  /// Equal to every other instance, as a carpool::error_category.
  constexpr error_category_type() noexcept : boost::system::error_category(0x7c05357ad2d37388) {}

  const char* name() const noexcept override { return "carpool.bert"; }

  std::string message(int value) const override {
    switch (static_cast<error>(value)) {
      case error::text_too_long:
        return "the text has more tokens than the model takes";
      case error::empty_text:
        return "the text is empty";
      case error::invalid_utf8:
        return "the text is not valid UTF-8";
      case error::non_finite_output:
        return "the result holds a NaN or an infinity";
      case error::unknown_token:
        return "a token id is outside the model's vocabulary";
      case error::pairs_unsupported:
        return "the model takes single texts, but this is a pair";
      case error::token_vectors_unsupported:
        return "the model gives vectors of whole texts, but none of their tokens";
    }
    return "unknown carpool.bert error " + std::to_string(value);
  }
};

inline const boost::system::error_category& error_category() noexcept {
  static const error_category_type category;
  return category;
}

/// Found by argument-dependent lookup, so that `error_code code = bert::error::empty_text` works.
inline boost::system::error_code make_error_code(error value) noexcept {
  return {static_cast<int>(value), error_category()};
}

/// A model folder that cannot be loaded. `what()` is one sentence that names the file, the tensor or field,
/// and the cause.
class load_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// `text` in double quotes for an error sentence: control characters and double quotes become '?', and a long
/// text is cut, because names in a hostile file may be megabytes of anything.
inline std::string in_quotes(std::string_view text) {
  std::size_t length = text.size() <= 100 ? text.size() : 100;
  while (length > 0 && length < text.size() && (text[length] & 0xC0) == 0x80) --length;  // whole code points
  std::string result = "\"";
  for (const char c : text.substr(0, length)) {
    result += (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == 0x7F) ? '?' : c;
  }
  return result + (length < text.size() ? "...\"" : "\"");
}

}  // namespace carpool::bert

template <>
struct boost::system::is_error_code_enum<carpool::bert::error> : std::true_type {};
