// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "sharded_queue.hpp"

#include "model_registry.hpp"
#include "shard_registry.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace cluster {

// Multiplied by 2^64 over the golden ratio, the upper half depends on every bit of the number.
std::size_t shard_of(std::uint64_t client, std::size_t shards) {
  return static_cast<std::size_t>((client * 0x9e3779b97f4a7c15U) >> 32) % shards;
}

sharded_queue::sharded_queue(const asio::any_io_executor& executor, const redis_settings& settings,
                             const std::string& queue, std::size_t max_outstanding)
    : executor_(executor), settings_(settings), name_(queue), max_outstanding_(max_outstanding) {}

void sharded_queue::use(std::size_t shards) {
  while (shards_.size() < shards) {
    const queue_keys keys{name_, shards_.size()};
    shards_.push_back(std::make_unique<remote_queue>(executor_, settings_, keys, max_outstanding_));
    shards_.back()->start();
    if (closed_) shards_.back()->close();
    asio::co_spawn(executor_, keep_reading(shards_.size() - 1), asio::detached);
  }
  if (std::exchange(used_, shards) != shards && shards_.size() > 1)
    spdlog::info("shards of the queue {} from now on: {}", name_, shards);
}

void sharded_queue::start() {
  use(1);
  asio::co_spawn(executor_, keep_looking(), asio::detached);
}

asio::awaitable<void> sharded_queue::look_around() {
  redis_connection& redis = shards_.front()->connection();
  const queue_keys first{name_};
  use(co_await find_shards(redis, first));
  model_ = co_await find_model(redis, first);
}

asio::awaitable<void> sharded_queue::keep_looking() {
  for (bool complained = false;;) {
    try {
      co_await look_around();
      makes_sense_ = true;
      complained = false;
    } catch (const redis_unavailable&) {  // the shard says so
    } catch (const std::exception& error) {
      makes_sense_ = false;
      if (!std::exchange(complained, true)) spdlog::error("cannot look after the queue: {}", error.what());
    }
    co_await pause();
  }
}

// Each shard by itself, so that one that does not answer hides none of the others.
asio::awaitable<void> sharded_queue::keep_reading(std::size_t shard) {
  redis_connection& redis = shards_[shard]->connection();
  const queue_keys keys{name_, shard};
  for (bool complained = false;;) {
    try {
      readings_[shard] = co_await read_shard(redis, keys);
      complained = false;
    } catch (const redis_unavailable&) {  // the shard says so
      readings_.erase(shard);
    } catch (const std::exception& error) {
      readings_.erase(shard);
      if (!std::exchange(complained, true))
        spdlog::error("cannot tell what waits in {}: {}", keys.requests(), error.what());
    }
    co_await pause();
  }
}

asio::awaitable<void> sharded_queue::pause() {
  asio::steady_timer timer{executor_, announce_interval};
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<std::vector<text_reply>> sharded_queue::submit(std::vector<text_request> texts,
                                                               carpool::time_point deadline) {
  remote_queue& shard = choose(texts.front().key);
  auto replies = co_await shard.submit(std::move(texts), deadline);
  co_return replies;
}

remote_queue& sharded_queue::choose(std::uint64_t client) {
  return *shards_[client == 0 ? next_++ % used_ : shard_of(client, used_)];
}

void sharded_queue::close() {
  closed_ = true;
  for (const auto& each : shards_) each->close();
}

bool sharded_queue::redis_works() const {
  return std::ranges::any_of(shards_, [](const auto& each) { return each->redis_works(); });
}

carpool::duration sharded_queue::pause_left() const {
  carpool::duration longest{};
  for (const auto& each : shards_) longest = std::max(longest, each->pause_left());
  return longest;
}

carpool::stats sharded_queue::stats() const {
  carpool::stats sum;
  for (const auto& each : shards_) {
    const carpool::stats one = each->stats();
    for (auto count : {&carpool::stats::submitted, &carpool::stats::succeeded, &carpool::stats::failed,
                       &carpool::stats::rejected, &carpool::stats::expired, &carpool::stats::cancelled,
                       &carpool::stats::shut_down})
      sum.*count += one.*count;
    sum.queued += one.queued;
  }
  return sum;
}

std::map<std::size_t, shard_reading> sharded_queue::readings() const {
  if (makes_sense_) return readings_;
  return {};
}

std::uint64_t sharded_queue::unwanted_replies() const {
  std::uint64_t replies = 0;
  for (const auto& each : shards_) replies += each->unwanted_replies();
  return replies;
}

}  // namespace cluster
