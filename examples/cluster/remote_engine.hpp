// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "embed_server/embedding_engine.hpp"
#include "embed_server/text_tokenizer.hpp"
#include "sharded_queue.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <optional>

namespace cluster {

/// Embeddings that are computed by the workers of a queue. How many tokens a text has is known only when its
/// result is there, so jobs are told their number of tokens then.
class remote_engine final : public embed_server::embedding_engine {
 public:
  /// The queue, which has been started, must outlive the engine. `card` is the model that its workers run,
  /// `tokenizer` that of this model, if there is one here.
  remote_engine(const asio::any_io_executor& executor, sharded_queue& queue, const model_card& card,
                std::size_t max_outstanding, const std::optional<embed_server::text_tokenizer>& tokenizer);

  const embed_server::served_model& model() const override { return model_; }
  asio::awaitable<embed_server::embedded_texts> embed(embed_server::embedding_job job) override;
  carpool::stats stats() const override { return queue_.stats(); }
  embed_server::model_statistics::snapshot totals() const override { return totals_; }
  /// One device, "workers", which works while there are workers of this model.
  std::vector<carpool::bert::device_status> devices() const override;
  void add_metrics(carpool::prometheus_text& text) const override;
  asio::awaitable<void> drain() override;
  void close() override { queue_.close(); }

 private:
  asio::awaitable<std::vector<text_reply>> send(const embed_server::embedding_job& job);
  asio::awaitable<embed_server::embedded_texts> collect(const embed_server::embedding_job& job);

  /// As far as is known: not while Redis is away.
  bool workers_present() const { return queue_.redis_works() && queue_.model() == card_; }

  sharded_queue& queue_;
  const model_card card_;
  embed_server::served_model model_;
  embed_server::model_statistics::snapshot totals_;
  std::size_t jobs_ = 0;
  bool draining_ = false;
  asio::steady_timer job_ended_;  // never fires; cancelled whenever a job ends
};

}  // namespace cluster
