// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "api_error.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>

namespace embed_server {

/// Memory that large requests may take together, for their bodies and then for answers that their clients are
/// slow to read: each alone is within its limits, but there are many connections. Thread-safe.
class memory_budget {
 public:
  /// So much is free for each, so that those who ask for little are served whatever others do.
  static constexpr std::size_t free = 65'536;

  explicit memory_budget(std::size_t bytes) noexcept : left_(bytes) {}

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
class memory_share {
 public:
  /// The budget must outlive it.
  explicit memory_share(memory_budget& budget) noexcept : budget_(&budget) {}
  memory_share(memory_share&& other) noexcept
      : budget_(other.budget_), size_(std::exchange(other.size_, 0)) {}
  memory_share& operator=(memory_share&&) = delete;
  ~memory_share() { give_back(); }

  /// The request takes so many bytes by now. Where they are not there it gives back what it has, or of many
  /// that grow side by side none would come to its end, and throws api_error (unavailable).
  void grow_to(std::size_t size) {
    if (size <= size_) return;
    const std::size_t more = beyond_free(size) - beyond_free(size_);
    if (more > 0 && !budget_->take(more)) {
      give_back();
      throw api_error{problem::unavailable, "there are too many large requests at the moment"};
    }
    size_ = size;
  }

  /// It takes so many more. Likewise.
  void grow_by(std::size_t more) { grow_to(size_ + more); }

 private:
  static std::size_t beyond_free(std::size_t size) noexcept {
    return size - std::min(size, memory_budget::free);
  }
  void give_back() noexcept {
    const std::size_t taken = beyond_free(std::exchange(size_, 0));
    if (taken > 0) budget_->give_back(taken);  // small requests leave the shared counter alone
  }

  memory_budget* budget_;
  std::size_t size_ = 0;
};

}  // namespace embed_server
