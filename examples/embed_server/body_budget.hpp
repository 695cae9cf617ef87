// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "api_error.hpp"

#include <atomic>
#include <cstddef>
#include <utility>

namespace embed_server {

/// Memory that large bodies of requests may take together: each alone is within its limit, but there are many
/// connections. Thread-safe.
class body_budget {
 public:
  /// So much of each body is free, so that those who send little are served whatever others do.
  static constexpr std::size_t free = 65'536;

  explicit body_budget(std::size_t bytes) noexcept : left_(bytes) {}

  /// Takes all of it or nothing; whether it was there.
  bool take(std::size_t bytes) noexcept {
    std::size_t left = left_;
    while (left >= bytes)
      if (left_.compare_exchange_weak(left, left - bytes)) return true;
    return false;
  }

  void give_back(std::size_t bytes) noexcept { left_ += bytes; }

 private:
  std::atomic<std::size_t> left_;
};

/// What one request has taken of a budget, which gets it back at the request's end.
class body_share {
 public:
  /// The budget must outlive it.
  explicit body_share(body_budget& budget) noexcept : budget_(&budget) {}
  body_share(body_share&& other) noexcept : budget_(other.budget_), taken_(std::exchange(other.taken_, 0)) {}
  body_share& operator=(body_share&&) = delete;
  ~body_share() {
    if (taken_ > 0) budget_->give_back(taken_);  // small requests leave the shared counter alone
  }

  /// The request's body takes so many bytes by now. Where they are not there it gives back what it has, or of
  /// many that grow side by side none would come to its end, and throws api_error (unavailable).
  void grow_to(std::size_t size) {
    if (size <= body_budget::free + taken_) return;
    const std::size_t more = size - body_budget::free - taken_;
    if (!budget_->take(more)) {
      budget_->give_back(std::exchange(taken_, 0));
      throw api_error{problem::unavailable, "there are too many large requests at the moment"};
    }
    taken_ += more;
  }

 private:
  body_budget* budget_;
  std::size_t taken_ = 0;
};

}  // namespace embed_server
