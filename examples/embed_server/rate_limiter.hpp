// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "token_bucket.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>

namespace embed_server {

/// What a client may ask for in a minute; what is empty is not limited.
struct rate_limits {
  std::optional<std::uint32_t> requests;
  std::optional<std::uint32_t> tokens;

  /// These limits, and for what they leave open those.
  rate_limits or_else(const rate_limits& defaults) const {
    return {requests ? requests : defaults.requests, tokens ? tokens : defaults.tokens};
  }
};

/// How much of one limit is left.
struct rate_level {
  std::uint32_t limit = 0;      ///< per minute
  std::uint64_t remaining = 0;  ///< at once, now
  carpool::duration reset{};    ///< until all of it is there again
};

/// Keeps for each client how much is left of one limit. Clients are told apart by number, and cost memory
/// once they have been seen. Knows no clock. Not thread-safe.
class rate_limiter {
 public:
  /// Takes what a request costs, all or nothing. Empty if it was there, else how long until it would be;
  /// duration::max() if it is more than `per_minute`, and so never.
  std::optional<carpool::duration> take(std::uint64_t client, std::uint32_t per_minute, std::size_t amount,
                                        carpool::time_point now);

  /// What was taken was not used after all.
  void give_back(std::uint64_t client, std::uint32_t per_minute, std::size_t amount, carpool::time_point now);

  rate_level level(std::uint64_t client, std::uint32_t per_minute, carpool::time_point now);

  /// Forgets the others.
  void keep_only(std::span<const std::uint64_t> clients);

 private:
  token_bucket& bucket_of(std::uint64_t client, std::uint32_t per_minute, carpool::time_point now);

  std::unordered_map<std::uint64_t, token_bucket> buckets_;
};

}  // namespace embed_server
