// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "cluster/sharded_source.hpp"
#include "cluster/text_request.hpp"
#include "memory_source.hpp"
#include "stream_model.hpp"
#include "support/doctest.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <deque>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace carpool::test {

/// A request whose text is its id.
inline cluster::delivery request(const std::string& id) {
  return {.id = id,
          .reply_to = "gateway",
          .payload = encode(cluster::text_request{.text = id, .deadline = cluster::wall_time::max()})};
}

/// A queue of some shards in memory, on this thread.
class sharded_bench {
 public:
  explicit sharded_bench(std::size_t shards, cluster::lease lease = {}) {
    for (std::size_t i = 0; i < shards; ++i) {
      queues_.emplace_back();
      sources_.emplace_back(io_.get_executor(), queues_.back(), lease);
      source.add(sources_.back());
    }
  }

  stream_model& queue(std::size_t shard) { return queues_.at(shard); }
  memory_source& shard(std::size_t number) { return sources_.at(number); }
  boost::asio::io_context& io() { return io_; }

  /// So many requests, called "SHARD.NUMBER".
  void fill(std::size_t shard, std::size_t count) {
    std::vector<cluster::delivery> requests;
    for (std::size_t i = 0; i < count; ++i)
      requests.push_back(request(std::to_string(shard) + '.' + std::to_string(i)));
    queue(shard).admit(requests, 1000);
  }

  /// Begins a receive, whose result is in `received` when it has ended.
  void receive(std::size_t room) {
    received.reset();
    boost::asio::co_spawn(io_, source.receive(room),
                          [this](std::exception_ptr failed, std::vector<cluster::delivery> found) {
                            failure = failed;
                            received = std::move(found);
                          });
    run();
  }

  /// Everything that can happen without anybody from outside.
  void run() {
    io_.restart();
    io_.poll();
  }

  template <class T>
  T wait_for(boost::asio::awaitable<T> operation) {
    std::optional<T> result;
    boost::asio::co_spawn(io_, std::move(operation), [&](std::exception_ptr failed, T value) {
      failure = failed;
      result = std::move(value);
    });
    run();
    REQUIRE(result);
    return *result;
  }

 private:
  boost::asio::io_context io_{1};
  std::deque<stream_model> queues_;
  std::deque<memory_source> sources_;

 public:
  cluster::sharded_source source{io_.get_executor()};
  std::optional<std::vector<cluster::delivery>> received;
  std::exception_ptr failure;
};

}  // namespace carpool::test
