// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace embed_server {

/// Lines for a file, written by a thread of its own. Who adds one never waits for the disk: a full queue
/// drops its oldest lines. Thread-safe.
class access_log {
 public:
  /// Appends to this file; "-" is standard output. Throws std::runtime_error with a sentence that names the
  /// file and the cause.
  explicit access_log(const std::string& file);

  /// Writes what has been added, unless whoever reads it is stuck.
  ~access_log();

  access_log(const access_log&) = delete;
  access_log& operator=(const access_log&) = delete;

  /// Adds a line, without its end.
  void add(std::string line);

  /// Has the file opened again under its name, before the next line is written: another program has renamed
  /// it. If that fails, the log says so and goes on with the file that it has.
  void reopen();

  /// Lines that were dropped, and those that could not be written.
  std::uint64_t dropped() const;

 private:
  struct writer;
  std::unique_ptr<writer> writer_;
};

}  // namespace embed_server
