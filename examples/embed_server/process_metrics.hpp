// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/observe/prometheus_text.hpp>

namespace embed_server {

/// Adds the usual process_* metrics (CPU time, memory, open files, start time), read from /proc. What cannot
/// be read is left out.
void add_process_metrics(carpool::prometheus_text& text);

}  // namespace embed_server
