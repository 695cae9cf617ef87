// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/tokens.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace carpool::bert {

/// `tokens` rounded up to a number of six significant bits: the rows that matrices are given for so many
/// tokens.
///
/// Matrix libraries prepare (and cache) a kernel for each number of rows that they meet; oneDNN keeps 1024 of
/// them, and a layer takes four. Rounding makes these few, 32 per doubling, for at most 3 % and on average
/// 0.8 % more rows; up to 64 tokens nothing is added.
[[nodiscard]] constexpr std::size_t row_bucket(std::size_t tokens) noexcept {
  constexpr int significant_bits = 6;
  const int excess = static_cast<int>(std::bit_width(tokens)) - significant_bits;
  if (excess <= 0) return tokens;
  const std::size_t step = std::size_t{1} << excess;
  return (tokens + step - 1) / step * step;
}

/// Texts laid end to end, without padding between them: row t of the encoder's matrices belongs to token t of
/// this list, and text i has the rows `offsets()[i]` up to `offsets()[i + 1]`. Rows that `row_bucket` adds
/// come last.
///
/// 32-bit numbers throughout, because that is what the kernels for variable lengths take.
class packed_batch {
 public:
  /// Adds a text. Its ids must be valid for the model: a batch is packed from texts that were checked.
  void append(const tokens& text) {
    ids_.insert(ids_.end(), text.ids.begin(), text.ids.end());
    places_.resize(ids_.size());
    const std::span<std::int32_t> places = std::span{places_}.subspan(token_count());
    std::int32_t place = 0;
    for (std::int32_t& each : places) each = std::exchange(place, place + 2);
    if (text.second_text != 0 && text.second_text < places.size()) {
      for (std::int32_t& each : places.subspan(text.second_text)) ++each;
    }
    offsets_.push_back(static_cast<std::int32_t>(ids_.size()));
    longest_ = std::max(longest_, text.size());
  }

  /// Fills up to `row_bucket` rows with token 0 at place 0. No text may be added after this.
  void close() {
    ids_.resize(row_bucket(token_count()));
    places_.resize(ids_.size());
  }

  [[nodiscard]] std::size_t texts() const noexcept { return offsets_.size() - 1; }
  [[nodiscard]] std::size_t token_count() const noexcept { return static_cast<std::size_t>(offsets_.back()); }
  [[nodiscard]] std::size_t rows() const noexcept { return ids_.size(); }

  /// Tokens of the longest text; 0 without texts.
  [[nodiscard]] std::size_t longest() const noexcept { return longest_; }

  /// [rows]; the vocabulary index of each token.
  [[nodiscard]] std::span<const std::int32_t> ids() const noexcept { return ids_; }
  /// [rows]; 2·position + type of each token: its position is counted from 0 in its own text or pair, its
  /// type is 1 in the second text of a pair and 0 elsewhere.
  [[nodiscard]] std::span<const std::int32_t> places() const noexcept { return places_; }
  /// [texts + 1]; the first token of each text, and the end of the last.
  [[nodiscard]] std::span<const std::int32_t> offsets() const noexcept { return offsets_; }

 private:
  std::vector<std::int32_t> ids_;
  std::vector<std::int32_t> places_;
  std::vector<std::int32_t> offsets_{0};
  std::size_t longest_ = 0;
};

}  // namespace carpool::bert
