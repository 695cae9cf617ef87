// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "embedding_engine.hpp"
#include "trace_switch.hpp"
#include <carpool/bert/packed_batch.hpp>
#include <carpool/dynamic_batcher.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace embed_server {

using tokens = carpool::bert::tokens;
using embedding_batcher = carpool::DynamicBatcher<tokens, embedding>;

/// What a local_engine works with.
struct local_parts {
  /// Turns a text into tokens, cutting it if it is too long and that is allowed; thread-safe. Throws
  /// boost::system::system_error, for one with a code of carpool::bert::error.
  std::function<tokens(std::string_view text, bool truncate)> tokenize;
  /// Likewise of a pair. Empty if the model takes none.
  std::function<tokens(std::string_view query, std::string_view text, bool truncate)> tokenize_pair = {};
  std::unique_ptr<embedding_batcher> batcher;
  carpool::options batching;  ///< the batcher's
  /// What the batcher has done so far.
  std::shared_ptr<const model_statistics> statistics;
  /// The batcher's observer, through which it can be traced.
  std::shared_ptr<trace_switch> tracing;
  /// As the members of embedding_engine.
  std::function<std::vector<carpool::bert::device_status>()> devices;
  std::function<std::vector<gpu_reading>()> sample_gpus = {};
};

/// Tokenises on the thread that asks, in turns with everything else there, and gathers the texts of all jobs
/// into batches, which the model runs on the batcher's lanes. Several threads may ask at once.
class local_engine final : public embedding_engine {
 public:
  /// `work_per_turn` is in bytes of text. The batcher belongs to the executor of the service.
  local_engine(served_model model, local_parts parts, std::size_t work_per_turn);

  const served_model& model() const override { return model_; }
  asio::awaitable<embedded_texts> embed(embedding_job job) override;
  carpool::stats stats() const override { return parts_.batcher->stats(); }
  model_statistics::snapshot totals() const override { return parts_.statistics->read(); }
  std::vector<carpool::bert::device_status> devices() const override { return parts_.devices(); }
  std::vector<gpu_reading> sample_gpus() const override;
  void trace(std::shared_ptr<carpool::trace_recorder> into) override { parts_.tracing->set(std::move(into)); }
  void reconsider_weights() override { parts_.batcher->reconfigure(parts_.batching); }
  asio::awaitable<void> drain() override;
  void close() override { parts_.batcher->close(); }

 private:
  asio::awaitable<std::vector<tokens>> tokenize(const embedding_job& job);

  const served_model model_;
  const local_parts parts_;
  const std::size_t work_per_turn_;
};

}  // namespace embed_server
