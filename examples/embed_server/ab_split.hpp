// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>

namespace embed_server {

/// Divides requests between two arms: the same identity always goes to the same one, and of many identities a
/// given share to the second.
class ab_split {
 public:
  /// `percent` of the second arm, 0 to 100.
  explicit ab_split(unsigned percent) noexcept : percent_(percent) {}

  bool to_second(std::uint64_t identity) const noexcept { return mixed(identity) % 100 < percent_; }

 private:
  // The finaliser of splitmix64 (Steele, Lea and Flood, 2014): similar identities end up anywhere.
  static std::uint64_t mixed(std::uint64_t x) noexcept {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }

  unsigned percent_;
};

}  // namespace embed_server
