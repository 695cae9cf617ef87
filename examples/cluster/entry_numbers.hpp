// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <random>
#include <string>

namespace cluster {

/// The numbers of a gateway's texts, which are part of their entries' names: twelve digits, of which none is
/// given twice, and other gateways begin elsewhere. Not thread-safe.
class entry_numbers {
 public:
  entry_numbers() {
    std::random_device random;
    next_ = std::uniform_int_distribution<std::uint64_t>{0, count - 1}(random);
  }

  std::string next() { return fmt::format("{:012}", next_++ % count); }

 private:
  static constexpr std::uint64_t count = 1'000'000'000'000;

  std::uint64_t next_;
};

}  // namespace cluster
