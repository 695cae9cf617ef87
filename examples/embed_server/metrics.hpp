// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "gpu_reading.hpp"
#include <carpool/bert/device_health.hpp>
#include <carpool/stats.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

namespace embed_server {

/// What the server counts itself; everything about batches comes from the batcher's own statistics.
struct counters {
  std::uint64_t requests = 0;                 ///< for embeddings, whatever became of them
  std::uint64_t invalid = 0;                  ///< requests for embeddings refused before they were submitted
  std::uint64_t tokens = 0;                   ///< of the texts submitted
  std::map<unsigned, std::uint64_t> answers;  ///< by HTTP status
  carpool::duration_histogram request_time;   ///< of requests for embeddings, from the header to the answer
  std::size_t idle_connections = 0;
  std::size_t active_connections = 0;
  std::optional<std::uint64_t> lost_log_lines;  ///< of the access log; empty without one
};

/// What does not change while the server runs.
struct metrics_labels {
  std::string model;
  std::size_t max_batch_size = 0;
  std::size_t max_queue_size = 0;
};

/// Everything /metrics says, in Prometheus' text format. In every answer carpool_requests_submitted_total is
/// the sum of carpool_requests_total over all outcomes plus carpool_inflight_requests.
std::string render_metrics(const carpool::stats& stats, const counters& counted, const metrics_labels& labels,
                           std::span<const carpool::bert::device_status> devices = {},
                           std::span<const gpu_reading> gpus = {});

}  // namespace embed_server
