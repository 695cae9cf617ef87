// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace carpool::bert {

/// The token ids of one text, `[CLS] ... [SEP]`, or of a pair, `[CLS] first [SEP] second [SEP]`.
struct tokens {
  std::vector<std::int32_t> ids;
  /// Where the second text of a pair begins: the ids from here on have token type 1, those before it type 0.
  /// 0: a single text, of type 0.
  std::size_t second_text = 0;
  /// Whether one vector is wanted for all of it, or, if not, one for each of its tokens.
  bool pooled = true;

  tokens() = default;
  explicit tokens(std::vector<std::int32_t> token_ids) : ids{std::move(token_ids)} {}

  std::size_t size() const { return ids.size(); }
  friend bool operator==(const tokens&, const tokens&) = default;
};

}  // namespace carpool::bert
