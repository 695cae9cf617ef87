// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "rate_limiter.hpp"

#include <algorithm>

namespace embed_server {

std::optional<carpool::duration> rate_limiter::take(std::uint64_t client, std::uint32_t per_minute,
                                                    std::size_t amount, carpool::time_point now) {
  token_bucket& bucket = bucket_of(client, per_minute, now);
  const auto cost = static_cast<double>(amount);
  if (bucket.take(cost, now)) return std::nullopt;
  return bucket.time_until(cost, now).value_or(carpool::duration::max());
}

void rate_limiter::give_back(std::uint64_t client, std::uint32_t per_minute, std::size_t amount,
                             carpool::time_point now) {
  bucket_of(client, per_minute, now).give_back(static_cast<double>(amount), now);
}

rate_level rate_limiter::level(std::uint64_t client, std::uint32_t per_minute, carpool::time_point now) {
  const token_bucket& bucket = bucket_of(client, per_minute, now);
  return {per_minute, static_cast<std::uint64_t>(bucket.level(now)),
          bucket.time_until(per_minute, now).value_or(carpool::duration::zero())};
}

void rate_limiter::keep_only(std::span<const std::uint64_t> clients) {
  std::erase_if(buckets_, [&](const auto& each) { return std::ranges::count(clients, each.first) == 0; });
}

// The rate may be another one than last time: that of a client can change under way.
token_bucket& rate_limiter::bucket_of(std::uint64_t client, std::uint32_t per_minute,
                                      carpool::time_point now) {
  const auto [found, is_new] = buckets_.try_emplace(client, per_minute, now);
  if (!is_new) found->second.set_rate(per_minute, now);
  return found->second;
}

}  // namespace embed_server
