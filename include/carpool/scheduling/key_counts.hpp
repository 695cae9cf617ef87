// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace carpool::scheduling {

/// How many requests of each key wait.
class key_counts {
 public:
  /// Makes the next join() of this key unable to throw.
  void reserve(std::uint64_t key) {
    if (counts_.contains(key)) return;
    if (counts_.size() >= forget_at_) forget_idle();
    counts_.emplace(key, 0);
  }

  void join(std::uint64_t key) noexcept { ++counts_.find(key)->second; }
  void leave(std::uint64_t key) noexcept { --counts_.find(key)->second; }

  [[nodiscard]] std::size_t waiting(std::uint64_t key) const noexcept {
    const auto found = counts_.find(key);
    return found == counts_.end() ? 0 : found->second;
  }

  /// Keys that are remembered: those that wait, and up to as many again (at least 1024) that do not.
  [[nodiscard]] std::size_t size() const noexcept { return counts_.size(); }

 private:
  void forget_idle() {
    std::erase_if(counts_, [](const auto& each) { return each.second == 0; });
    forget_at_ = std::max(min_remembered, 2 * counts_.size());
  }

  static constexpr std::size_t min_remembered = 1024;

  std::unordered_map<std::uint64_t, std::size_t> counts_;
  std::size_t forget_at_ = min_remembered;
};

}  // namespace carpool::scheduling
