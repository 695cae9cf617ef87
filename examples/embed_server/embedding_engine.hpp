// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The seam between HTTP and whatever computes embeddings, or the logits of classifiers. The service in front
// of it knows protocols, clients and their limits; behind it are tokeniser, queue and model, in this process
// (local_engine) or elsewhere.

#pragma once

#include "embed_answer.hpp"
#include "gpu_reading.hpp"
#include "model_statistics.hpp"
#include "served_model.hpp"
#include <carpool/bert/device_health.hpp>
#include <carpool/observe/prometheus_text.hpp>
#include <carpool/observe/trace.hpp>
#include <carpool/stats.hpp>
#include <carpool/time.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embed_server {

namespace asio = boost::asio;

/// Texts of which embeddings are wanted, or logits, all or none.
struct embedding_job {
  std::span<const std::string> texts;  ///< at least one, none empty but in pairs; they outlive the operation
  /// With a classifier, for each text what it is paired with and stands in front of it, such as a query; no
  /// value: the text is alone. None at all: all are. They outlive the operation, too.
  std::vector<std::optional<std::string_view>> queries = {};
  bool truncate = true;  ///< cut what is longer than the model takes, rather than refuse it
  bool pooled = true;    ///< a vector for each text; else one for each of its tokens
  carpool::time_point deadline = carpool::time_point::max();
  std::int8_t priority = 0;  ///< as carpool::submit_options::priority
  std::uint64_t client = 0;  ///< clients share the model by their weights, where keys are in use
  /// Names the span that the job belongs to (W3C); empty: none. Outlives the operation.
  std::string_view traceparent = {};

  /// Told once how many tokens all texts have together, before they wait for the model; an engine that learns
  /// of it later tells it then. What it throws ends the operation, and nothing of the job runs that has not
  /// begun. May be empty. Called on the thread of the operation.
  std::function<void(std::size_t token_count)> admit = {};
};

/// What has become of a job.
struct embedded_texts {
  /// For each text, in order: `dimension` values, which are logits if the model has labels; or, unless
  /// `pooled`, as many for each of its tokens, one token after the other.
  std::vector<embedding> vectors;
  std::size_t token_count = 0;      ///< of all texts, those that the model adds among them
  carpool::duration preparation{};  ///< until the texts waited for the model, such as for the tokeniser
  carpool::duration model{};        ///< from then on to the result
};

/// The model cannot take one of the texts, whatever is done with it.
class refused_text : public boost::system::system_error {
 public:
  refused_text(std::size_t index, const boost::system::error_code& why)
      : boost::system::system_error(why), index_(index) {}

  /// Which one, counted from 0.
  std::size_t index() const noexcept { return index_; }

 private:
  std::size_t index_;
};

/// Computes embeddings or logits. All of it is called on the thread of the service, but `model` and `embed`,
/// which a server with several threads calls on each of them; an engine that is not made for that needs a
/// server without. Nothing blocks.
class embedding_engine {
 public:
  embedding_engine() = default;
  embedding_engine(const embedding_engine&) = delete;
  embedding_engine& operator=(const embedding_engine&) = delete;
  virtual ~embedding_engine() = default;

  /// What the server tells of the model. Does not change.
  virtual const served_model& model() const = 0;

  /// Throws refused_text; boost::system::system_error with a code of carpool::error (queue_full, expired,
  /// shut_down, device_lost, model_failed) or operation_aborted; api_error for what these have no word for;
  /// and what `admit` throws. Cancellation (every type) takes what waits out of the queue and completes at
  /// once. The engine must outlive the operation.
  virtual asio::awaitable<embedded_texts> embed(embedding_job job) = 0;

  /// Of the queue, requests and batches, as far as the engine knows them; those of a model elsewhere need not
  /// have any batches.
  virtual carpool::stats stats() const = 0;

  /// The same in the terms of Triton's statistics extension.
  virtual model_statistics::snapshot totals() const = 0;

  /// What the model runs on, at least one, and whether it can still be used. A model none of whose devices
  /// works is not ready.
  virtual std::vector<carpool::bert::device_status> devices() const = 0;

  /// What the driver says about its GPUs; empty if nobody says.
  virtual std::vector<gpu_reading> sample_gpus() const { return {}; }

  /// From now on this trace hears of requests and batches, and no other; null: none. An engine whose batches
  /// are elsewhere has nothing to tell.
  virtual void trace(std::shared_ptr<carpool::trace_recorder>) {}

  /// The weights of clients are other ones from now on.
  virtual void reconsider_weights() {}

  /// Adds metrics that only this kind of engine has.
  virtual void add_metrics(carpool::prometheus_text&) const {}

  /// Refuses new jobs (shut_down) and completes when those that are here have ended.
  virtual asio::awaitable<void> drain() = 0;

  /// Ends at once what is here: shut_down.
  virtual void close() = 0;
};

}  // namespace embed_server
