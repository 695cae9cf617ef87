// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "metrics.hpp"
#include "model_statistics.hpp"
#include <carpool/stats.hpp>

#include <span>
#include <string>
#include <string_view>

namespace embed_server {

/// Whose names of metrics are told beside carpool's.
struct metrics_compat {
  bool tei = false;
  bool triton = false;
};

/// What the server counts, under the names that text-embeddings-inference gives it, in Prometheus' text
/// format: for dashboards that were made for that server. A request of that server's is a text here, where
/// they differ.
std::string render_tei_metrics(const carpool::stats& stats, const counters& counted);

/// Likewise under Triton's names, for its dashboards and perf_analyzer. `model` becomes a label.
std::string render_triton_metrics(const carpool::stats& stats, const model_statistics::snapshot& totals,
                                  std::string_view model, std::span<const gpu_reading> gpus = {});

}  // namespace embed_server
