// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "metrics.hpp"

#include <span>
#include <string>

namespace embed_server {

/// Whose names of metrics are told beside carpool's.
struct metrics_compat {
  bool tei = false;
  bool triton = false;
};

/// What is known of models, under the names that text-embeddings-inference gives it, in Prometheus' text
/// format: for dashboards that were made for that server. A request of that server's is a text here, where
/// they differ. The model becomes a label, as that server has only one.
std::string render_tei_metrics(std::span<const model_reading> models);

/// Likewise under Triton's names, for its dashboards and perf_analyzer.
std::string render_triton_metrics(std::span<const model_reading> models);

}  // namespace embed_server
