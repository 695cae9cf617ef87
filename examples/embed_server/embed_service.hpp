// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "embed_answer.hpp"
#include "embed_request.hpp"
#include "header_guard.hpp"
#include "http.hpp"
#include "limits.hpp"
#include "metrics.hpp"
#include "routes.hpp"
#include <carpool/bert/device_health.hpp>
#include <carpool/bert/packed_batch.hpp>
#include <carpool/dynamic_batcher.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace embed_server {

namespace asio = boost::asio;

using tokens = carpool::bert::tokens;
using embedding_batcher = carpool::DynamicBatcher<tokens, embedding>;

/// What the server must know of a model, beside the batcher that runs it.
struct served_model {
  std::string name;
  std::size_t dimension = 0;
  std::size_t max_batch_size = 0;
  std::size_t max_queue_size = 0;
  /// Turns a text into tokens, cutting it if it is too long and that is allowed. Called on the io thread.
  /// Throws boost::system::system_error, for one with a code of carpool::bert::error.
  std::function<tokens(std::string_view text, bool truncate)> tokenize;
  /// Its devices, and whether they can still be used; called on the io thread.
  std::function<std::vector<carpool::bert::device_status>()> devices;
  /// What the driver says about its GPUs; empty if nobody says. Called on the io thread.
  std::function<std::vector<gpu_reading>()> sample_gpus = {};
};

/// What the server does with a request once HTTP has been dealt with. Everything runs on one io thread; only
/// the model runs elsewhere, on the batcher's lanes. So /health and /metrics are answered however long the
/// queue is.
class embed_service {
 public:
  /// The batcher must outlive the service.
  embed_service(served_model model, embedding_batcher& batcher, const limits& limits);

  /// The answer to a request, whatever happens: errors are answers too. Cancelling it (all types) takes
  /// requests that still wait out of the queue. `arrival` is when the header had been read; deadlines count
  /// from it.
  asio::awaitable<response> answer(const request_head& head, endpoint to, std::string body,
                                   carpool::time_point arrival);

  /// From now on /health answers 503, so that load balancers look elsewhere.
  void start_draining() noexcept { draining_ = true; }
  bool draining() const noexcept { return draining_; }

  counters& counted() noexcept { return counted_; }

 private:
  struct submission {
    embed_request request;
    std::vector<tokens> texts;
  };

  response health() const;
  response models() const;
  response metrics() const;
  asio::awaitable<response> embed(const request_head& head, endpoint to, std::string body,
                                  carpool::time_point arrival);
  asio::awaitable<submission> prepare(endpoint to, std::string body);
  asio::awaitable<std::vector<tokens>> tokenize(const embed_request& request);
  asio::awaitable<response> write(const embed_request& request, std::vector<embedding> embeddings,
                                  std::size_t token_count);

  served_model model_;
  embedding_batcher& batcher_;
  const limits limits_;
  counters counted_;
  bool draining_ = false;
};

}  // namespace embed_server
