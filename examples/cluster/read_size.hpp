// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <algorithm>
#include <cstddef>

namespace cluster {

/// How many entries to ask for at once: only one after a failure, since it may be that the reply was larger
/// than a reply may be, and the same question would fail for ever; then twice as many after each success.
/// Not thread-safe.
class read_size {
 public:
  explicit read_size(std::size_t most) : most_(most), entries_(most) {}

  std::size_t entries() const { return entries_; }
  void succeeded() { entries_ = std::min(2 * entries_, most_); }
  void failed() { entries_ = 1; }

 private:
  std::size_t most_;
  std::size_t entries_;
};

}  // namespace cluster
