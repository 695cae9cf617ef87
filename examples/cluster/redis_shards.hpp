// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "lease.hpp"
#include "redis_settings.hpp"
#include "redis_source.hpp"
#include "sharded_source.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace cluster {

/// All shards of a queue in Redis that a worker reads: those that the queue has, and those that it had
/// before. Each has connections of its own, as if it were on a server of its own. Thread safety as
/// redis_connection's.
class redis_shards {
 public:
  /// One shard, at first. `consumer` as redis_source's.
  redis_shards(const asio::any_io_executor& executor, const redis_settings& settings,
               const std::string& queue, const std::string& consumer, const lease& lease);

  /// Gives the queue at least so many shards, and reads all that it has. Throws as add_shards.
  asio::awaitable<void> follow(std::size_t at_least);

  /// Takes workers out of the groups that have been silent for longer than replies are remembered.
  asio::awaitable<void> remove_silent();

  /// Takes this worker out of the groups, as redis_source::leave.
  asio::awaitable<void> leave();

  sharded_source& source() { return joined_; }
  std::size_t size() const { return shards_.size(); }

  /// To the first shard, for commands that do not wait.
  redis_connection& connection() { return shards_.front()->connection(); }

 private:
  void add();

  asio::any_io_executor executor_;
  redis_settings settings_;
  std::string queue_;
  std::string consumer_;
  lease lease_;
  std::vector<std::unique_ptr<redis_source>> shards_;
  sharded_source joined_;
};

}  // namespace cluster
