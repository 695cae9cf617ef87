// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "access_log.hpp"
#include "compat_metrics.hpp"
#include "guarded.hpp"
#include "http.hpp"
#include "limits.hpp"
#include "metrics.hpp"
#include "model_catalog.hpp"
#include "routes.hpp"
#include <carpool/time.hpp>

#include <atomic>
#include <memory>
#include <string>

namespace embed_server {

/// What the server tells of itself and its models without running any. Not thread-safe, but for draining().
class server_facts {
 public:
  /// All of them must outlive this.
  server_facts(const model_catalog& models, const limits& limits, const guarded<counters>& counted);

  /// From now on /metrics has these names, too.
  void set_metrics_compat(metrics_compat names) noexcept { compat_ = names; }

  /// From now on /metrics tells how many lines this log has lost; it must outlive this.
  void watch(const access_log& log) noexcept { log_ = &log; }

  /// From now on /health answers 503, so that load balancers look elsewhere.
  void start_draining() noexcept { draining_ = true; }
  bool draining() const noexcept { return draining_; }

  /// The answer to whatever runs no model. Throws api_error.
  response answer(const destination& where) const;

  /// What /metrics says now, in Prometheus' text format.
  std::string metrics() const;

  /// The same as an event for those who watch the dashboard. They share it while it is fresh, since it takes
  /// a while to write and anybody may watch.
  std::shared_ptr<const std::string> event(carpool::time_point now);

 private:
  response of_protocols(const destination& where) const;
  response of_model(const destination& where) const;
  response health() const;
  response list_models() const;
  bool ready() const;

  const model_catalog& models_;
  const limits& limits_;
  const guarded<counters>& counted_;
  const access_log* log_ = nullptr;
  metrics_compat compat_;
  std::atomic<bool> draining_ = false;
  std::shared_ptr<const std::string> event_;  // the latest; null: none yet
  carpool::time_point event_written_{};
};

/// The model that a path names, in its only version, or the first that can do what the path is for. Throws
/// api_error (unknown_model, unavailable).
std::shared_ptr<hosted_model> find_model(const model_catalog& models, const destination& where);

}  // namespace embed_server
