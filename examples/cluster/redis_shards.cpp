// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "redis_shards.hpp"

#include "shard_registry.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

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
  const queue_keys first{queue_};
  const std::size_t there = co_await add_shards(connection(), first, at_least);
  if (there < at_least && at_least <= shards_.size())
    spdlog::warn("{} said {}; it says {} again, because of this worker's --shards", first.shards(), there,
                 at_least);
  while (shards_.size() < std::max(there, at_least)) add();
}

asio::awaitable<void> redis_shards::remove_silent() {
  for (const auto& each : shards_) co_await each->remove_silent(remembered);
}

asio::awaitable<void> redis_shards::leave() {
  for (const auto& each : shards_) co_await each->leave();
}

}  // namespace cluster
