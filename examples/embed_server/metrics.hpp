// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "gpu_reading.hpp"
#include "hosted_model.hpp"
#include <carpool/bert/device_health.hpp>
#include <carpool/stats.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace embed_server {

/// What the server counts itself of HTTP, whichever model is asked for.
struct counters {
  std::map<unsigned, std::uint64_t> answers;  ///< by HTTP status
  std::size_t idle_connections = 0;
  std::size_t active_connections = 0;
  std::optional<std::uint64_t> lost_log_lines;  ///< of the access log; empty without one
};

/// What there is to tell of one model at a moment, or of one arm of a comparison.
struct model_reading {
  std::string model;
  std::string variant;  ///< empty where a model is run in one way only
  std::size_t max_batch_size = 0;
  std::size_t max_queue_size = 0;
  carpool::stats stats;
  model_counters counted;
  model_statistics::snapshot totals;
  std::vector<carpool::bert::device_status> devices;
  std::vector<gpu_reading> gpus;
};

/// What tells the metrics of a model, or of an arm, from those of others.
std::vector<std::pair<std::string, std::string>> labels_of(const std::string& model,
                                                           const std::string& variant);

/// A reading of each arm of each of these models.
std::vector<model_reading> read(std::span<const std::shared_ptr<hosted_model>> models);

/// Each GPU that they run on, once, in the order of their names.
std::vector<gpu_reading> gpus_of(std::span<const model_reading> models);

/// Everything /metrics says, in Prometheus' text format. In every answer carpool_requests_submitted_total is
/// the sum of carpool_requests_total over all outcomes plus carpool_inflight_requests, for each model.
std::string render_metrics(std::span<const model_reading> models, const counters& counted);

}  // namespace embed_server
