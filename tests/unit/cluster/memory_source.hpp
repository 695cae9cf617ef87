// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "cluster/request_source.hpp"
#include "stream_model.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace carpool::test {

/// Requests from a model of a queue, in this process. New ones are waited for until wake().
class memory_source final : public cluster::request_source {
 public:
  template <class T>
  using awaitable = boost::asio::awaitable<T>;

  memory_source(const boost::asio::any_io_executor& executor, stream_model& queue,
                const cluster::lease& lease)
      : queue_(queue), lease_(lease), changed_(executor, boost::asio::steady_timer::time_point::max()) {}

  /// Something has been added to the queue, or the worker is to stop.
  void wake() { changed_.cancel(); }

  /// The next so many attempts to reply fail.
  void fail_replies(int times) { failing_ = times; }

  /// From now on looking for abandoned entries takes until wake().
  void hold_looks() { looks_held_ = true; }

  std::size_t largest_room() const { return largest_room_; }
  std::size_t extended() const { return extended_; }

  awaitable<std::vector<cluster::delivery>> receive(std::size_t room) override {
    largest_room_ = std::max(largest_room_, room);
    auto received = queue_.read("me", room, now());
    if (!received.empty()) co_return received;
    co_await changed_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_return queue_.read("me", room, now());
  }

  awaitable<std::vector<cluster::abandoned_entry>> find_abandoned() override {
    if (looks_held_) co_await changed_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_return queue_.idle(lease_, now());
  }

  awaitable<std::optional<cluster::delivery>> adopt(std::string entry) override {
    co_return queue_.claim(entry, "me", lease_, now());
  }

  awaitable<void> extend(std::vector<std::string> entries) override {
    extended_ += entries.size();
    queue_.refresh(entries, "me", now());
    co_return;
  }

  awaitable<void> finish(cluster::delivery done, std::string reply) override {
    if (failing_ > 0) {
      --failing_;
      throw std::runtime_error("the queue is away");
    }
    queue_.finish(done, reply);
    co_return;
  }

  awaitable<void> reject(cluster::delivery dead, std::string reply) override {
    queue_.reject(dead, reply);
    co_return;
  }

 private:
  static time_point now() { return std::chrono::steady_clock::now(); }

  stream_model& queue_;
  cluster::lease lease_;
  boost::asio::steady_timer changed_;
  int failing_ = 0;
  bool looks_held_ = false;
  std::size_t largest_room_ = 0;
  std::size_t extended_ = 0;
};

}  // namespace carpool::test
