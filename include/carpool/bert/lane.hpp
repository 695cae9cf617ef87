// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/all_finite.hpp>
#include <carpool/bert/config.hpp>
#include <carpool/bert/device_lane.hpp>
#include <carpool/bert/error.hpp>
#include <carpool/bert/packed_batch.hpp>
#include <carpool/bert/tokens.hpp>
#include <carpool/tensors/run_model.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carpool::bert {

/// One text's vector, `embedder::dimension()` floats; or those of its tokens one behind the other, where they
/// were wanted (`tokens::pooled`). It is the caller's own: a view into one block that all texts of a batch
/// share and count would spare copying it, 1.5 kB for 384 floats, beside milliseconds of model; but whoever
/// keeps one vector, in a cache or a database's queue, would keep the whole block alive, callers would get a
/// type that is no std::vector, and on CUDA the lane could not take its pinned buffer again for the next
/// batch.
using embedding = std::vector<float>;

/// What a text of a lane_batch gets: nothing if it was refused, else one row of the pooled results, or so
/// many of the unpooled ones, each the next of its kind.
struct lane_item {
  boost::system::error_code refusal = {};
  std::size_t token_rows = 0;  ///< 0: pooled
};

/// A batch on its way through a lane. A text that was refused takes no part in the packed batches.
struct lane_batch {
  packed_batch pooled;    ///< the texts of which one vector is wanted
  packed_batch unpooled;  ///< those of which a vector for each token is
  std::vector<lane_item> items;
};

/// What comes out of the model for a lane_batch. Each in fp32, in the host's memory; undefined without texts.
struct lane_result {
  at::Tensor pooled;    ///< [pooled texts, dimension or labels]
  at::Tensor unpooled;  ///< [tokens of the other texts, dimension]
  std::vector<lane_item> items;
};

/// The functor set of one lane: collate, model and split for a DynamicBatcher of tokens or of strings. A bad
/// text or a non-finite embedding fails its own request only. Used by one thread at a time.
class lane {
 public:
  using tokenizer = std::function<tokens(std::string_view)>;

  /// The inputs stay as they are, so a batch that failed can be run again in parts.
  static constexpr bool can_run_again = true;

  /// `tokenize` reports a bad text by throwing `boost::system::system_error`.
  lane(const model_config& config, tokenizer tokenize, std::unique_ptr<device_lane> device)
      : vocab_size_(config.vocab_size),
        max_tokens_(config.max_tokens),
        takes_pairs_(config.type_vocab_size > 1 || !config.tokenizer.tells_token_types),
        tokenize_(std::move(tokenize)),
        device_(std::move(device)) {}

  lane_batch collate(std::span<const tokens> texts) const {
    lane_batch batch;
    for (const tokens& text : texts) add(batch, text);
    close(batch);
    return batch;
  }

  lane_batch collate(std::span<const std::string> texts) const { return collate_as(texts, tokenize_); }

  lane_result model(lane_batch batch) {
    lane_result result{{}, {}, std::move(batch.items)};
    // First, because it may overwrite what the other has left.
    if (batch.unpooled.texts() > 0) run_unpooled(batch.unpooled, result);
    if (batch.pooled.texts() > 0)
      result.pooled = tensors::run_model([&] { return device_->run(batch.pooled); });
    return result;
  }

  std::vector<boost::system::result<embedding>> split(const lane_result& result, std::size_t) const {
    std::vector<boost::system::result<embedding>> items;
    items.reserve(result.items.size());
    std::int64_t row = 0;
    std::int64_t token_row = 0;
    for (const lane_item& item : result.items) {
      if (item.refusal) {
        items.emplace_back(item.refusal);
      } else if (item.token_rows == 0) {
        items.push_back(checked(result.pooled, row++, 1));
      } else {
        const auto count = static_cast<std::int64_t>(item.token_rows);
        items.push_back(checked(result.unpooled, token_row, count));
        token_row += count;
      }
    }
    return items;
  }

 protected:
  /// `tokenize` makes tokens of a `Text`, or reports a bad one as the constructor's does.
  template <class Text, class Tokenize>
  lane_batch collate_as(std::span<const Text> texts, const Tokenize& tokenize) const {
    lane_batch batch;
    for (const Text& text : texts) {
      try {
        add(batch, tokenize(text));
      } catch (const boost::system::system_error& refused) {
        batch.items.push_back({.refusal = refused.code()});
      }
    }
    close(batch);
    return batch;
  }

 private:
  void add(lane_batch& batch, const tokens& text) const {
    lane_item item{.refusal = refusal_of(text)};
    if (!item.refusal) {
      (text.pooled ? batch.pooled : batch.unpooled).append(text);
      if (!text.pooled) item.token_rows = text.size();
    }
    batch.items.push_back(item);
  }

  /// Where there are no vectors of tokens to be had, those who asked for them are refused, and nobody else.
  void run_unpooled(const packed_batch& texts, lane_result& result) {
    try {
      result.unpooled = tensors::run_model([&] { return device_->run_unpooled(texts); });
    } catch (const boost::system::system_error& refused) {
      if (refused.code() != error::token_vectors_unsupported) throw;
      for (lane_item& item : result.items)
        if (item.token_rows > 0) item.refusal = refused.code();
    }
  }

  static void close(lane_batch& batch) {
    batch.pooled.close();
    batch.unpooled.close();
  }

  /// Tokens may come from anywhere, and an id outside the tables would fail the whole batch, or worse.
  boost::system::error_code refusal_of(const tokens& text) const {
    if (text.size() == 0) return error::empty_text;
    if (text.size() > max_tokens_) return error::text_too_long;
    if (text.second_text != 0 && !takes_pairs_) return error::pairs_unsupported;
    const bool known = std::all_of(text.ids.begin(), text.ids.end(),
                                   [this](std::int32_t id) { return id >= 0 && id < vocab_size_; });
    return known ? boost::system::error_code{} : error::unknown_token;
  }

  /// The rows [first, first + count) of a contiguous matrix.
  static boost::system::result<embedding> checked(const at::Tensor& rows, std::int64_t first,
                                                  std::int64_t count) {
    const float* const begin = rows.const_data_ptr<float>() + first * rows.size(1);
    embedding numbers(begin, begin + count * rows.size(1));
    if (!all_finite(numbers)) return make_error_code(error::non_finite_output);
    return numbers;
  }

  std::int64_t vocab_size_;
  std::size_t max_tokens_;
  bool takes_pairs_;
  tokenizer tokenize_;
  std::unique_ptr<device_lane> device_;
};

}  // namespace carpool::bert
