// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "api_keys.hpp"
#include "embed_request.hpp"
#include "header_guard.hpp"
#include "http.hpp"
#include "infer_request.hpp"
#include "limits.hpp"
#include "metrics.hpp"
#include "routes.hpp"
#include "served_model.hpp"
#include "tei_answer.hpp"

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
  void set_keys(api_keys keys) { keys_ = std::move(keys); }

  /// Whose request it is, a number that stands for the client; 0 if nobody needs a key. Throws api_error
  /// (unauthorized).
  std::uint64_t identify(const request_head& head, endpoint to) const;

  /// The answer to a request, whatever happens: errors are answers too. Cancelling it (all types) takes
  /// requests that still wait out of the queue. `arrival` is when the header had been read; deadlines count
  /// from it.
  asio::awaitable<response> answer(const request_head& head, destination where, std::string body,
                                   carpool::time_point arrival);

  /// From now on /health answers 503, so that load balancers look elsewhere.
  void start_draining() noexcept { draining_ = true; }
  bool draining() const noexcept { return draining_; }

  counters& counted() noexcept { return counted_; }

 private:
  /// When a request came, when it must be answered unless it is said otherwise, and whose it is.
  struct circumstances {
    carpool::time_point arrival;
    carpool::time_point deadline;
    std::uint64_t client = 0;
  };

  struct embedded {
    response answer;
    std::size_t token_count;
    request_times took;
  };

  bool ready() const;
  response health() const;
  response models() const;
  response metrics() const;
  response describe(const destination& where) const;
  asio::awaitable<response> embed(std::string body, circumstances when);
  asio::awaitable<response> embed_for_openai(std::string body, circumstances when);
  asio::awaitable<embedded> embed(const embed_request& request, circumstances when);
  asio::awaitable<response> embed_all(std::string body, circumstances when);
  asio::awaitable<response> similarity(std::string body, circumstances when);
  asio::awaitable<response> infer(std::optional<std::size_t> json_size, std::string body, circumstances when);
  asio::awaitable<std::string> decompress(const request_head& head, std::string body);
  asio::awaitable<std::vector<tokens>> tokenize(const submitted_texts& request);
  asio::awaitable<std::vector<embedding>> run_model(std::vector<tokens> texts,
                                                    carpool::submit_options options);
  asio::awaitable<std::string> write(const embed_request& request, std::vector<embedding> embeddings,
                                     std::size_t token_count);
  std::size_t max_inputs() const;
  carpool::duration record(circumstances when);

  served_model model_;
  embedding_batcher& batcher_;
  api_keys keys_;
  const limits limits_;
  counters counted_;
  bool draining_ = false;
};

}  // namespace embed_server
