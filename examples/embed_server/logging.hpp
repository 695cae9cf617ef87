// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <exception>
#include <string>

namespace embed_server {

/// While this lives, spdlog's default logger writes to standard error from a thread of its own. A full log
/// queue drops its oldest lines: logging never holds up whoever serves clients.
class background_logging {
 public:
  /// `level` is one of spdlog's names: trace, debug, info, warn, error, off.
  explicit background_logging(const std::string& level);
  ~background_logging();

  background_logging(const background_logging&) = delete;
  background_logging& operator=(const background_logging&) = delete;
};

/// Writes what has been logged, unless whoever reads it is stuck. Nothing may be logged afterwards.
void end_logging();

/// Logs why a run of the model failed: `carpool::options::on_batch_error`. Thread-safe.
void log_model_failure(std::exception_ptr failure);

}  // namespace embed_server
