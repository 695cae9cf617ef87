// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "circumstances.hpp"
#include "clientele.hpp"
#include "exchange.hpp"
#include "guarded.hpp"
#include "http.hpp"
#include "limits.hpp"
#include "memory_budget.hpp"
#include "metrics.hpp"
#include "model_catalog.hpp"
#include "model_repository.hpp"
#include "routes.hpp"
#include "server_facts.hpp"
#include "trace_service.hpp"

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <memory>
#include <string>

namespace embed_server {

namespace asio = boost::asio;

/// What the server does with a request once HTTP has been dealt with. The models run elsewhere, behind their
/// engines, so /health and /metrics are answered however long the queue is. Several threads may ask for the
/// work of models at once (is_work); everything else happens on one thread.
class embed_service {
 public:
  /// The models must outlive the service, and may change.
  embed_service(const model_catalog& models, const limits& limits);

  /// From now on OpenAI's clients are refused if they name a model that is not there; otherwise the default
  /// serves them, as they send names of models that the server has never heard of.
  void refuse_unknown_models() noexcept { strict_ = true; }

  /// From now on it answers only what load balancers, monitoring and people ask of a program whose work does
  /// not come over HTTP.
  void tell_facts_only() noexcept { facts_only_ = true; }

  /// From now on administrators may load and unload models; it must outlive the service.
  void manage(model_repository& repository) noexcept { repository_ = &repository; }

  /// The answer to a request, whatever happens: errors are answers too. To be run on the thread of the
  /// service unless is_work(where.to). Cancelling it (all types) takes requests that still wait out of the
  /// queue. What it takes is noted in the request.
  asio::awaitable<response> answer(exchange& request, destination where, std::string body);

  /// From now on only clients with one of these keys may use what is not open to everybody, and the models
  /// are shared by their weights.
  void set_keys(api_keys keys);

  /// Who may ask, and for how much. Thread-safe.
  clientele& clients() noexcept { return clients_; }

  /// What is told without running the model.
  server_facts& facts() noexcept { return facts_; }

  /// From now on /health answers 503, so that load balancers look elsewhere, and traces end.
  void start_draining();

  /// The memory that large requests share. Thread-safe.
  memory_budget& memory() noexcept { return memory_; }

  /// What happens on connections. Thread-safe.
  guarded<counters>& counted() noexcept { return counted_; }

 private:
  asio::awaitable<response> dispatch(destination where, std::string body, circumstances& when);
  asio::awaitable<response> manage_models(destination where, std::string body);
  asio::awaitable<response> run(endpoint to, std::string body, circumstances& when);
  asio::awaitable<response> run_for_openai(std::string body, circumstances& when);
  static void tell_variant(response& answer, const circumstances& when);
  static void choose(circumstances& when, std::shared_ptr<hosted_model> model);
  static void use(circumstances& when, std::shared_ptr<hosted_model> model);
  std::shared_ptr<hosted_model> model_for_openai(const std::string& name) const;
  void count_invalid(circumstances& when) const;

  const model_catalog& models_;
  const limits limits_;
  model_repository* repository_ = nullptr;
  std::atomic<bool> strict_ = false;
  bool facts_only_ = false;
  clientele clients_;
  memory_budget memory_;
  guarded<counters> counted_;
  server_facts facts_;
  trace_service traces_;
};

}  // namespace embed_server
