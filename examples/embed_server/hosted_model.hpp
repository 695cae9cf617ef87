// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "ab_split.hpp"
#include "embedding_engine.hpp"
#include "exchange.hpp"
#include "guarded.hpp"
#include <carpool/stats.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace embed_server {

/// What the server counts itself for one model; everything about batches comes from the engine.
struct model_counters {
  std::uint64_t requests = 0;                ///< that were to run it, whatever became of them
  std::uint64_t invalid = 0;                 ///< of these, refused before they were submitted
  std::uint64_t tokens = 0;                  ///< of the texts submitted
  carpool::duration_histogram request_time;  ///< of those answered, from the header to the answer
};

/// One way in which a model is run.
struct model_arm {
  std::string variant;  ///< what metrics call it; empty where a model is run in one way only
  std::unique_ptr<embedding_engine> engine;
  std::unique_ptr<guarded<model_counters>> counted = std::make_unique<guarded<model_counters>>();
};

/// A model that is served. Requests hold on to it, so that it can be taken out of the server while some are
/// under way: it ends with the last of them. Thread-safe where the engine is.
class hosted_model {
 public:
  explicit hosted_model(std::unique_ptr<embedding_engine> engine);

  /// Runs it in two ways, which are compared: requests are divided by client, where they have keys, else by
  /// their own x-request-id, and `percent` of these go to the second engine.
  hosted_model(std::unique_ptr<embedding_engine> batched, std::unique_ptr<embedding_engine> unbatched,
               unsigned percent);

  const served_model& about() const { return arms_.front().engine->model(); }

  /// The arm that this request goes to: where there are two, the one that its x-carpool-variant names, if it
  /// does. Throws api_error (invalid).
  model_arm& arm_for(const exchange& request);

  std::span<model_arm> arms() { return arms_; }
  std::span<const model_arm> arms() const { return arms_; }

  std::vector<carpool::bert::device_status> devices() const { return arms_.front().engine->devices(); }

  /// Whether it can take requests: a device works.
  bool works() const;

  /// Runs it once, so that one that cannot run shows. Throws as embedding_engine::embed.
  asio::awaitable<void> try_out();

  /// From now on this trace hears of its batches, the first arm's where there are two; null: none.
  void trace(std::shared_ptr<carpool::trace_recorder> into) { arms_.front().engine->trace(std::move(into)); }

  /// The weights of clients are other ones from now on.
  void reconsider_weights() {
    for (const model_arm& arm : arms_) arm.engine->reconsider_weights();
  }

  /// What all arms have done together.
  model_statistics::snapshot totals() const;

 private:
  std::vector<model_arm> arms_;  // one or two
  ab_split split_{0};
};

}  // namespace embed_server
