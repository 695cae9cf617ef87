// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

namespace embed_server {

/// What the batchers of all models ask for the shares of clients; it changes when the keys are read again.
/// Thread-safe.
class client_weights {
 public:
  using function = std::function<double(std::uint64_t client)>;

  void set(function weights) {
    const std::lock_guard lock(mutex_);
    weights_ = std::move(weights);
  }

  /// 1 before any are set.
  double of(std::uint64_t client) const {
    const std::lock_guard lock(mutex_);
    return weights_ ? weights_(client) : 1.0;
  }

 private:
  mutable std::mutex mutex_;
  function weights_;
};

}  // namespace embed_server
