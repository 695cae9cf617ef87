// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fault_window.hpp"
#include "http_exchange.hpp"

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

namespace chaos {

/// What was done to the cluster, what could not be done to it, and what its callers saw. Thread-safe.
class journal {
 public:
  /// The number of a fault that begins now.
  std::size_t begin(const std::string& name, effects may) {
    const std::lock_guard lock(mutex_);
    windows_.push_back({.name = name, .may = may, .begin = std::chrono::steady_clock::now()});
    return windows_.size() - 1;
  }
  /// It is over, and everybody is answered again.
  void end(std::size_t number) {
    const std::lock_guard lock(mutex_);
    windows_.at(number).end = std::chrono::steady_clock::now();
  }

  /// It could not be inflicted or undone, or nobody has recovered from it; so it does not end.
  void fail(std::size_t number, const std::string& why) {
    const std::lock_guard lock(mutex_);
    failures_.push_back(windows_.at(number).name + ": " + why);
  }

  void add(const http_exchange& exchange) {
    const std::lock_guard lock(mutex_);
    exchanges_.push_back(exchange);
  }

  std::vector<fault_window> windows() const {
    const std::lock_guard lock(mutex_);
    return windows_;
  }
  /// The first one may be the cause of the others.
  std::vector<std::string> failures() const {
    const std::lock_guard lock(mutex_);
    return failures_;
  }
  std::vector<http_exchange> exchanges() const {
    const std::lock_guard lock(mutex_);
    return exchanges_;
  }
  std::size_t answered() const {
    const std::lock_guard lock(mutex_);
    return exchanges_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<fault_window> windows_;
  std::vector<std::string> failures_;
  std::vector<http_exchange> exchanges_;
};

}  // namespace chaos
