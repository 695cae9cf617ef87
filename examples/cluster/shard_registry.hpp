// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "queue_keys.hpp"
#include "redis_connection.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>

namespace cluster {

/// How many shards a queue has stands in Redis, and everybody looks there: gateways use that many, and
/// workers read that many or, if there were more before, those. So nothing is sent where nobody reads.

/// The most shards that a queue may have: each costs every program two connections.
inline constexpr std::size_t most_shards = 64;

/// How many shards the queue has. `first` are the keys of the first one. Throws redis_unavailable, and
/// std::runtime_error if what stands in Redis is no number from 1 to most_shards.
asio::awaitable<std::size_t> find_shards(redis_connection& redis, const queue_keys& first);

/// Likewise; if it had fewer than `at_least`, it has been given that many now.
asio::awaitable<std::size_t> add_shards(redis_connection& redis, const queue_keys& first,
                                        std::size_t at_least);

}  // namespace cluster
