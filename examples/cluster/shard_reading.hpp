// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "queue_keys.hpp"
#include "redis_connection.hpp"
#include <carpool/observe/prometheus_text.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace cluster {

/// What Redis says of one shard at a moment.
struct shard_reading {
  std::uint64_t outstanding = 0;           ///< texts, waiting or running
  std::uint64_t waiting = 0;               ///< texts that no worker has taken yet
  std::chrono::milliseconds oldest_age{};  ///< of the text that has waited longest; zero if none waits
  std::uint64_t dead_letters = 0;          ///< that are kept
  std::uint64_t died = 0;                  ///< dead letters that there have ever been
  std::map<std::string, std::uint64_t> held = {};  ///< texts by the worker that has taken them
};

/// Asks Redis, and the machine's clock, which should agree with that of Redis. The stream is neither read nor
/// copied, so its length does not matter. Throws as redis_connection::run.
asio::awaitable<shard_reading> read_shard(redis_connection& redis, const queue_keys& keys);

/// Metrics of a queue, with what is known of its shards by their numbers. They are about the queue and not
/// about the program that tells them: all gateways tell the same.
void add_queue_metrics(carpool::prometheus_text& text, std::size_t shards_used,
                       const std::map<std::size_t, shard_reading>& readings);

}  // namespace cluster
