// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace carpool::test {

/// What is logged while it lives. Whoever logs must begin later and end sooner.
class log_lines {
 public:
  log_lines() { spdlog::default_logger()->sinks().push_back(lines_); }
  log_lines(const log_lines&) = delete;
  log_lines& operator=(const log_lines&) = delete;
  ~log_lines() { spdlog::default_logger()->sinks().pop_back(); }

  bool has(std::string_view text) const {
    const auto lines = lines_->last_formatted();
    return std::ranges::any_of(
        lines, [&](std::string_view line) { return line.find(text) != std::string_view::npos; });
  }

 private:
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> lines_ =
      std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(10000);
};

}  // namespace carpool::test
