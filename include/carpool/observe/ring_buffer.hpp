// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <vector>

namespace carpool {

/// Keeps the last `capacity` values; an older one makes room for each newer. Allocates at construction only.
template <class T>
class ring_buffer {
 public:
  explicit ring_buffer(std::size_t capacity) : values_(capacity) {}

  void push(const T& value) noexcept {
    if (values_.empty()) return;
    values_[pushed_++ % values_.size()] = value;
  }

  /// Visits what is kept, the oldest first.
  template <class Visit>
  void for_each(Visit visit) const {
    const std::size_t oldest = pushed_ > values_.size() ? pushed_ - values_.size() : 0;
    for (std::size_t i = oldest; i < pushed_; ++i) visit(values_[i % values_.size()]);
  }

 private:
  std::vector<T> values_;
  std::size_t pushed_ = 0;
};

}  // namespace carpool
