// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace carpool::test {

/// Log lines, kept instead of printed.
class kept_lines : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::ptrdiff_t count(const std::string& words) {
    const std::lock_guard lock(mutex_);
    return std::ranges::count_if(lines_, [&](const auto& line) { return line.find(words) != line.npos; });
  }

 private:
  void sink_it_(const spdlog::details::log_msg& line) override {
    lines_.emplace_back(line.payload.data(), line.payload.size());
  }
  void flush_() override {}

  std::vector<std::string> lines_;
};

/// While it lives, what the server logs can be looked at.
class log_watch {
 public:
  log_watch() { spdlog::set_default_logger(std::make_shared<spdlog::logger>("watched", lines_)); }
  ~log_watch() { spdlog::set_default_logger(usual_); }

  std::ptrdiff_t count(const std::string& words) { return lines_->count(words); }

 private:
  std::shared_ptr<spdlog::logger> usual_ = spdlog::default_logger();
  std::shared_ptr<kept_lines> lines_ = std::make_shared<kept_lines>();
};

}  // namespace carpool::test
