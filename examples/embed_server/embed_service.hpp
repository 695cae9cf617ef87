// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "clientele.hpp"
#include "embed_request.hpp"
#include "embedding_engine.hpp"
#include "exchange.hpp"
#include "http.hpp"
#include "infer_request.hpp"
#include "limits.hpp"
#include "metrics.hpp"
#include "routes.hpp"
#include "server_facts.hpp"
#include "tei_answer.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace embed_server {

namespace asio = boost::asio;

/// What the server does with a request once HTTP has been dealt with. Everything runs on one io thread; the
/// model runs elsewhere, behind the engine. So /health and /metrics are answered however long the queue is.
class embed_service {
 public:
  /// The engine must outlive the service.
  embed_service(embedding_engine& engine, const limits& limits);

  /// The answer to a request, whatever happens: errors are answers too. Cancelling it (all types) takes
  /// requests that still wait out of the queue. What it takes is noted in the request.
  asio::awaitable<response> answer(exchange& request, destination where, std::string body);

  /// Who may ask, and for how much.
  clientele& clients() noexcept { return clients_; }

  /// What is told without running the model.
  server_facts& facts() noexcept { return facts_; }

  counters& counted() noexcept { return counted_; }

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

  asio::awaitable<response> dispatch(destination where, std::string body, circumstances when);
  asio::awaitable<response> embed(std::string body, circumstances when);
  asio::awaitable<response> embed_for_openai(std::string body, circumstances when);
  asio::awaitable<embedded> embed(const embed_request& request, circumstances when);
  asio::awaitable<response> embed_all(std::string body, circumstances when);
  asio::awaitable<response> similarity(std::string body, circumstances when);
  asio::awaitable<response> infer(std::optional<std::size_t> json_size, std::string body, circumstances when);
  asio::awaitable<std::string> decompress(const request_head& head, std::string body);
  asio::awaitable<embedded_texts> run_model(const submitted_texts& texts, embedding_job job,
                                            circumstances when);
  asio::awaitable<std::string> write(const embed_request& request, embedded_texts result);
  void admit(exchange& request, std::size_t token_count);
  const served_model& model() const { return engine_.model(); }
  std::size_t max_inputs() const;
  carpool::duration record(circumstances when);

  embedding_engine& engine_;
  const limits limits_;
  clientele clients_;
  counters counted_;
  server_facts facts_;
};

}  // namespace embed_server
