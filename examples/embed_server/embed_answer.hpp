// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "embed_request.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embed_server {

using embedding = std::vector<float>;

/// Scales an embedding to length 1; one of zeros stays as it is.
void scale_to_unit(embedding& values);

/// The embedding of a text from the vectors of its tokens, each of so many values: their mean, or, unless
/// `mean`, the first of them, [CLS]'s.
embedding pool_tokens(std::span<const float> vectors, std::size_t dimension, bool mean);

/// Writes the answer to an embed_request piece by piece, so that a long one need not be written in one go.
class answer_writer {
 public:
  /// `model` is the name told to OpenAI's clients.
  answer_writer(answer_form form, std::string_view model);

  /// Appends the embedding of the next text. Throws api_error (model_failed) if a value is not finite.
  void append(std::span<const float> values);

  /// Ends the answer and gives it away; `tokens` is the length of all texts together, for OpenAI's usage.
  std::string finish(std::size_t tokens);

  /// Bytes written so far.
  std::size_t size() const noexcept { return out_.size(); }

 private:
  answer_form form_;
  std::string model_;
  std::string out_;
  std::size_t count_ = 0;
};

/// Bytes of JSON that a value takes at most, with a comma, such as -1234567800000000.
inline constexpr std::size_t longest_number = 18;

/// Throws api_error (model_failed) unless all are finite.
void check_finite(std::span<const float> values);

/// `0.25,-1`: as append_numbers, without the brackets.
void append_elements(std::string& out, std::span<const float> values);

/// `[0.25,-1]`, each value in the fewest digits that read back as the same float. Throws api_error
/// (model_failed) if a value is not finite, as JSON has no word for it.
void append_numbers(std::string& out, std::span<const float> values);

/// Base64 of the values as little-endian IEEE floats (RFC 4648, with padding).
void append_base64(std::string& out, std::span<const float> values);

}  // namespace embed_server
