// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/packed_batch.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace carpool::bert {

/// The shape of a CUDA graph, which runs with one number of rows and texts only: batches are filled up to it.
struct graph_bucket {
  std::size_t tokens = 0;   ///< rows
  std::size_t longest = 0;  ///< tokens of a text at most; it sizes the launch of attention
  std::size_t texts = 0;    ///< with those that fill up

  /// Numbers that lay_out() writes.
  [[nodiscard]] constexpr std::size_t numbers() const noexcept { return 2 * tokens + texts + 1; }
  friend bool operator==(const graph_bucket&, const graph_bucket&) = default;
};

/// By tokens, then by the longest text. Few, so that all can be captured when a lane starts, and dense where
/// launching kernels takes longer than running them; larger batches do not need a graph.
inline constexpr std::array<graph_bucket, 18> graph_buckets{{{64, 64, 8},
                                                             {128, 128, 16},
                                                             {256, 128, 32},
                                                             {256, 256, 32},
                                                             {512, 128, 64},
                                                             {512, 512, 64},
                                                             {768, 128, 96},
                                                             {768, 512, 96},
                                                             {1024, 128, 128},
                                                             {1024, 512, 128},
                                                             {1536, 128, 192},
                                                             {1536, 512, 192},
                                                             {2048, 128, 256},
                                                             {2048, 512, 256},
                                                             {3072, 128, 384},
                                                             {3072, 512, 384},
                                                             {4096, 128, 512},
                                                             {4096, 512, 512}}};

/// Texts of padding that it takes to fill a batch of so many tokens up to the bucket's.
[[nodiscard]] constexpr std::size_t fillers(const graph_bucket& bucket, std::size_t tokens) noexcept {
  return (bucket.tokens - tokens + bucket.longest - 1) / bucket.longest;
}

/// The smallest bucket that holds a batch; its index in graph_buckets. Empty if none does.
[[nodiscard]] constexpr std::optional<std::size_t> find_bucket(std::size_t tokens, std::size_t longest,
                                                               std::size_t texts) noexcept {
  for (std::size_t i = 0; i < graph_buckets.size(); ++i) {
    const graph_bucket& each = graph_buckets[i];
    if (tokens <= each.tokens && longest <= each.longest && texts + fillers(each, tokens) <= each.texts)
      return i;
  }
  return std::nullopt;
}

/// Writes the ids [rows], places [rows] and offsets [texts + 1] of a batch into one block, for one copy to
/// a device.
inline void lay_out(const packed_batch& batch, std::span<std::int32_t> block) noexcept {
  assert(block.size() == 2 * batch.rows() + batch.offsets().size());
  auto* end = block.data();
  for (const auto part : {batch.ids(), batch.places(), batch.offsets()})
    end = std::copy(part.begin(), part.end(), end);
}

/// The same, filled up to a bucket that holds the batch. The rows that no text has become texts of padding,
/// because attention leaves rows past the last text undefined; the rest of the texts are empty.
inline void lay_out(const packed_batch& batch, const graph_bucket& bucket,
                    std::span<std::int32_t> block) noexcept {
  assert(block.size() == bucket.numbers());
  const auto tokens = static_cast<std::ptrdiff_t>(batch.token_count());
  const auto fill = [&](std::span<const std::int32_t> from, std::span<std::int32_t> to) {
    std::fill(std::copy_n(from.begin(), tokens, to.begin()), to.end(), 0);
  };
  fill(batch.ids(), block.first(bucket.tokens));
  fill(batch.places(), block.subspan(bucket.tokens, bucket.tokens));
  const auto offsets = block.last(bucket.texts + 1);
  auto next = std::copy(batch.offsets().begin(), batch.offsets().end(), offsets.begin());
  for (std::size_t at = batch.token_count(); next != offsets.end(); ++next) {
    at = std::min(at + bucket.longest, bucket.tokens);
    *next = static_cast<std::int32_t>(at);
  }
}

}  // namespace carpool::bert
