// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "http.hpp"
#include "infer_request.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace embed_server {

/// Writes the answer to an infer_request piece by piece, so that a long one need not be written in one go.
class infer_writer {
 public:
  /// `count` embeddings, or scores of a text, of `dimension` values each will come, from the model of this
  /// name.
  infer_writer(const infer_request& request, std::string_view model, std::size_t count,
               std::size_t dimension);

  /// Appends the embedding or scores of the next text. Throws api_error (model_failed) if a value is not
  /// finite.
  void append(std::span<const float> values);

  /// Ends the answer and gives it away.
  response finish();

  /// Bytes written so far.
  std::size_t size() const noexcept { return out_.size(); }

 private:
  bool binary_;
  std::string out_;
  std::size_t json_size_;
  bool first_ = true;
};

}  // namespace embed_server
