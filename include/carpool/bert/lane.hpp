// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

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
#include <cmath>
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

/// One text's vector, `embedder::dimension()` floats, which is the caller's own. A view into one block that
/// all texts of a batch share and count would spare copying it, 1.5 kB for 384 floats, beside milliseconds of
/// model; but whoever keeps one vector, in a cache or a database's queue, would keep the whole block alive,
/// callers would get a type that is no std::vector, and on CUDA the lane could not take its pinned buffer
/// again for the next batch.
using embedding = std::vector<float>;

/// A batch on its way through a lane. A text that was refused takes no part in the packed batch.
struct lane_batch {
  packed_batch packed;
  /// One per text; no error means the next text of the packed batch.
  std::vector<boost::system::error_code> refusals;
};

/// What comes out of the model for a lane_batch.
struct lane_result {
  at::Tensor rows;  ///< [texts that were not refused, dimension or labels], fp32, in the host's memory
  std::vector<boost::system::error_code> refusals;
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
        takes_pairs_(config.type_vocab_size > 1),
        tokenize_(std::move(tokenize)),
        device_(std::move(device)) {}

  lane_batch collate(std::span<const tokens> texts) const {
    lane_batch batch;
    for (const tokens& text : texts) add(batch, text);
    batch.packed.close();
    return batch;
  }

  lane_batch collate(std::span<const std::string> texts) const { return collate_as(texts, tokenize_); }

  lane_result model(lane_batch batch) {
    at::Tensor rows;
    if (batch.packed.texts() > 0) rows = tensors::run_model([&] { return device_->run(batch.packed); });
    return {std::move(rows), std::move(batch.refusals)};
  }

  std::vector<boost::system::result<embedding>> split(const lane_result& result, std::size_t) const {
    std::vector<boost::system::result<embedding>> items;
    items.reserve(result.refusals.size());
    std::int64_t row = 0;
    for (const boost::system::error_code& refusal : result.refusals) {
      if (refusal) {
        items.emplace_back(refusal);
      } else {
        items.push_back(checked(result.rows.select(0, row++)));
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
        batch.refusals.push_back(refused.code());
      }
    }
    batch.packed.close();
    return batch;
  }

 private:
  void add(lane_batch& batch, const tokens& text) const {
    batch.refusals.push_back(refusal_of(text));
    if (!batch.refusals.back()) batch.packed.append(text);
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

  static boost::system::result<embedding> checked(const at::Tensor& row) {
    const float* const begin = row.const_data_ptr<float>();
    const float* const end = begin + row.numel();
    if (!std::all_of(begin, end, [](float value) { return std::isfinite(value); }))
      return make_error_code(error::non_finite_output);
    return embedding(begin, end);
  }

  std::int64_t vocab_size_;
  std::size_t max_tokens_;
  bool takes_pairs_;
  tokenizer tokenize_;
  std::unique_ptr<device_lane> device_;
};

}  // namespace carpool::bert
