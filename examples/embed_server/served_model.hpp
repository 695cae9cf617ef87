// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "embed_answer.hpp"
#include "metrics.hpp"
#include "model_statistics.hpp"
#include "trace_switch.hpp"
#include <carpool/bert/device_health.hpp>
#include <carpool/bert/packed_batch.hpp>
#include <carpool/bert/token_places.hpp>
#include <carpool/dynamic_batcher.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embed_server {

using tokens = carpool::bert::tokens;
using embedding_batcher = carpool::DynamicBatcher<tokens, embedding>;

/// What the server must know of a model, beside the batcher that runs it.
struct served_model {
  std::string name;
  std::size_t dimension = 0;
  std::size_t max_tokens = 0;         ///< per text
  std::string precision = "float32";  ///< in TEI's words
  std::string pooling = "mean";       ///< likewise
  bool on_gpu = false;
  std::size_t max_batch_size = 0;
  std::size_t max_queue_size = 0;
  /// Turns a text into tokens, cutting it if it is too long and that is allowed. Called on the io thread.
  /// Throws boost::system::system_error, for one with a code of carpool::bert::error.
  std::function<tokens(std::string_view text, bool truncate)> tokenize;
  /// The tokens of a text with their places in it, never cut; more than `limit` fail as text_too_long.
  /// Likewise.
  std::function<carpool::bert::located_tokens(std::string_view text, std::size_t limit)> locate_tokens;
  /// The text of some ids. Throws likewise.
  std::function<std::string(std::span<const std::int32_t> ids, bool skip_special_tokens)> decode;
  /// Whether there are vectors of tokens to be had (`tokens::pooled`).
  bool gives_token_vectors = true;
  /// What the batcher has done so far.
  std::shared_ptr<const model_statistics> statistics;
  /// The batcher's observer, through which it can be traced.
  std::shared_ptr<trace_switch> tracing;
  /// Its devices, and whether they can still be used; called on the io thread.
  std::function<std::vector<carpool::bert::device_status>()> devices;
  /// What the driver says about its GPUs; empty if nobody says. Called on the io thread.
  std::function<std::vector<gpu_reading>()> sample_gpus = {};
};

}  // namespace embed_server
