// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "access_log.hpp"
#include "api_keys.hpp"
#include "compat_metrics.hpp"
#include "embed_request.hpp"
#include "exchange.hpp"
#include "header_guard.hpp"
#include "http.hpp"
#include "infer_request.hpp"
#include "limits.hpp"
#include "metrics.hpp"
#include "rate_control.hpp"
#include "routes.hpp"
#include "served_model.hpp"
#include "tei_answer.hpp"
#include "trace_service.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embed_server {

namespace asio = boost::asio;

/// What the server does with a request once HTTP has been dealt with. Everything runs on one io thread; only
/// the model runs elsewhere, on the batcher's lanes. So /health and /metrics are answered however long the
/// queue is.
class embed_service {
 public:
  /// The batcher must outlive the service.
  embed_service(served_model model, embedding_batcher& batcher, const limits& limits);

  /// From now on only clients with one of these keys may use what is not open to everybody.
  /// Those who had one before keep what is left of their limits.
  void set_keys(api_keys keys);

  /// Whose request it is, with the limits that hold for it. Throws api_error: unauthorized, or forbidden
  /// for what only admins may ask for.
  api_client identify(const request_head& head, endpoint to) const;

  /// Counts a request of this client, if the model is asked for. Throws api_error (rate_limited).
  void count_request(const api_client& client, endpoint to);

  /// Adds to an answer what the client may still ask for, where the clients of this path look for that.
  void tell_rates(response& answer, const exchange& request);

  /// From now on /metrics has these names, too.
  void set_metrics_compat(metrics_compat names) noexcept { compat_ = names; }

  /// The answer to a request, whatever happens: errors are answers too. Cancelling it (all types) takes
  /// requests that still wait out of the queue. What it takes is noted in the request.
  asio::awaitable<response> answer(exchange& request, destination where, std::string body);

  /// From now on /health answers 503, so that load balancers look elsewhere.
  void start_draining();
  bool draining() const noexcept { return draining_; }

  /// What /metrics says now, in Prometheus' text format.
  std::string metrics() const;

  counters& counted() noexcept { return counted_; }

  /// From now on /metrics tells how many lines this log has lost; it must outlive the service.
  void watch(const access_log& log) noexcept { log_ = &log; }

 private:
  /// A request, and when it must be answered unless it is said otherwise.
  struct circumstances {
    exchange& request;
    carpool::time_point deadline;
  };

  struct embedded {
    response answer;
    std::size_t token_count;
    request_times took;
  };

  bool ready() const;
  response health() const;
  response models() const;
  static response dashboard();
  response describe(const destination& where) const;
  asio::awaitable<response> embed(std::string body, circumstances when);
  asio::awaitable<response> embed_for_openai(std::string body, circumstances when);
  asio::awaitable<embedded> embed(const embed_request& request, circumstances when);
  asio::awaitable<response> embed_all(std::string body, circumstances when);
  asio::awaitable<response> similarity(std::string body, circumstances when);
  asio::awaitable<response> infer(std::optional<std::size_t> json_size, std::string body, circumstances when);
  asio::awaitable<std::string> decompress(const request_head& head, std::string body);
  asio::awaitable<std::vector<tokens>> tokenize(const submitted_texts& request);
  asio::awaitable<std::vector<embedding>> run_model(std::vector<tokens> texts, circumstances when,
                                                    std::int8_t priority = 0);
  asio::awaitable<std::string> write(const embed_request& request, std::vector<embedding> embeddings,
                                     std::size_t token_count);
  std::size_t max_inputs() const;
  carpool::duration record(circumstances when);

  served_model model_;
  embedding_batcher& batcher_;
  api_keys keys_;
  rate_control rates_;
  const limits limits_;
  counters counted_;
  trace_service traces_;
  const access_log* log_ = nullptr;
  metrics_compat compat_;
  bool draining_ = false;
};

}  // namespace embed_server
