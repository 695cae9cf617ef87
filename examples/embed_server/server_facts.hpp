// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "access_log.hpp"
#include "compat_metrics.hpp"
#include "embedding_engine.hpp"
#include "http.hpp"
#include "limits.hpp"
#include "metrics.hpp"
#include "routes.hpp"

#include <string>

namespace embed_server {

/// What the server tells of itself and its model without running it. Not thread-safe.
class server_facts {
 public:
  /// All of them must outlive this.
  server_facts(const embedding_engine& engine, const limits& limits, const counters& counted);

  /// From now on /metrics has these names, too.
  void set_metrics_compat(metrics_compat names) noexcept { compat_ = names; }

  /// From now on /metrics tells how many lines this log has lost; it must outlive this.
  void watch(const access_log& log) noexcept { log_ = &log; }

  /// From now on /health answers 503, so that load balancers look elsewhere.
  void start_draining() noexcept { draining_ = true; }
  bool draining() const noexcept { return draining_; }

  /// The answer to whatever needs no model. Throws api_error.
  response answer(const destination& where) const;

  /// What /metrics says now, in Prometheus' text format.
  std::string metrics() const;

 private:
  response of_protocols(const destination& where) const;
  response of_model(const destination& where) const;
  response readiness() const;
  response health() const;
  response models() const;
  bool ready() const;

  const embedding_engine& engine_;
  const limits& limits_;
  const counters& counted_;
  const access_log* log_ = nullptr;
  metrics_compat compat_;
  bool draining_ = false;
};

/// Throws api_error (not_found) unless this is the model, in its only version, that the path names, if it
/// does.
void check_model(const destination& where, const served_model& model);

}  // namespace embed_server
