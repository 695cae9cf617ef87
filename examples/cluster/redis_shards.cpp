// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "redis_shards.hpp"

#include "shard_registry.hpp"

namespace cluster {

redis_shards::redis_shards(const asio::any_io_executor& executor, const redis_settings& settings,
                           const std::string& queue, const std::string& consumer, const lease& lease)
    : executor_(executor),
      settings_(settings),
      queue_(queue),
      consumer_(consumer),
      lease_(lease),
      joined_(executor) {
  add();
}

void redis_shards::add() {
  shards_.push_back(std::make_unique<redis_source>(executor_, settings_, queue_keys{queue_, shards_.size()},
                                                   consumer_, lease_));
  joined_.add(*shards_.back());
}

asio::awaitable<void> redis_shards::follow(std::size_t at_least) {
  const std::size_t there = co_await add_shards(connection(), queue_keys{queue_}, at_least);
  while (shards_.size() < there) add();
}

asio::awaitable<void> redis_shards::remove_silent() {
  for (const auto& each : shards_) co_await each->remove_silent(remembered);
}

asio::awaitable<void> redis_shards::leave() {
  for (const auto& each : shards_) co_await each->leave();
}

}  // namespace cluster
