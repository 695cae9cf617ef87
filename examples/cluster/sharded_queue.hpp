// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "model_card.hpp"
#include "queue_keys.hpp"
#include "redis_settings.hpp"
#include "remote_queue.hpp"
#include "shard_reading.hpp"
#include "text_reply.hpp"
#include "text_request.hpp"
#include <carpool/stats.hpp>
#include <carpool/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cluster {

/// Which of so many shards takes a client's texts: always the same one, and all of them equally often if
/// there are many clients. Those without a key (0) have none.
std::size_t shard_of(std::uint64_t client, std::size_t shards);

/// A gateway's end of all shards of a queue. It uses those that the queue has, and goes on reading replies
/// from those that it had.
///
/// Not thread-safe: everything happens on the executor, whose io_context must be run by one thread. Must
/// outlive the operations that it has begun.
class sharded_queue {
 public:
  /// At most `max_outstanding` texts are in each shard at once, waiting or running, of all gateways together,
  /// which should agree on it.
  sharded_queue(const asio::any_io_executor& executor, const redis_settings& settings,
                const std::string& queue, std::size_t max_outstanding);

  /// Opens the first shard, and begins to look around by itself. Comes before everything below.
  void start();

  /// Learns which model the workers run and how many shards there are, now. Throws as find_model and
  /// find_shards.
  asio::awaitable<void> look_around();

  /// Sends texts, at least one and all of one client, to its shard; to each shard in turn if it has no key.
  /// Otherwise as remote_queue::submit.
  asio::awaitable<std::vector<text_reply>> submit(std::vector<text_request> texts,
                                                  carpool::time_point deadline);

  /// As remote_queue::close.
  void close();

  /// The model that workers last said they run; empty if there have not been any for a while.
  const std::optional<model_card>& model() const { return model_; }

  /// What Redis said last, a few seconds ago, of the shards that it told of, by their numbers. Nothing where
  /// what it said of the queue itself makes no sense.
  std::map<std::size_t, shard_reading> readings() const;

  /// How many shards are used now.
  std::size_t shards() const { return used_; }

  /// Whether Redis did what any shard last asked it to.
  bool redis_works() const;

  /// Until Redis is tried again for every shard; zero if it works.
  carpool::duration pause_left() const;

  /// Of all shards: as remote_queue's.
  carpool::stats stats() const;
  std::uint64_t unwanted_replies() const;

 private:
  void use(std::size_t shards);
  remote_queue& choose(std::uint64_t client);
  asio::awaitable<void> keep_looking();
  asio::awaitable<void> keep_reading(std::size_t shard);
  asio::awaitable<void> pause();

  asio::any_io_executor executor_;
  redis_settings settings_;
  std::string name_;
  std::size_t max_outstanding_;
  std::vector<std::unique_ptr<remote_queue>> shards_;
  std::size_t used_ = 0;
  std::size_t next_ = 0;  // for those without a key
  std::optional<model_card> model_;
  std::map<std::size_t, shard_reading> readings_;
  bool makes_sense_ = true;  // what Redis says of model and shards
  bool closed_ = false;
};

}  // namespace cluster
