// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "cluster/remote_queue.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace carpool::test {

namespace asio = boost::asio;

/// A gateway's end of a queue, on a thread of its own.
class test_gateway {
 public:
  using replies = std::vector<cluster::text_reply>;

  explicit test_gateway(const cluster::redis_settings& settings, std::size_t max_outstanding = 100)
      : queue_(std::make_unique<cluster::remote_queue>(io_.get_executor(), settings,
                                                       cluster::queue_keys{"default"}, max_outstanding)) {
    queue_->start();
    thread_ = std::thread([this] { io_.run(); });
  }

  explicit test_gateway(const std::string& unix_socket, std::size_t max_outstanding = 100,
                        std::chrono::milliseconds command_time = std::chrono::seconds{1})
      : test_gateway(cluster::redis_settings{.unix_socket = unix_socket, .command_time = command_time},
                     max_outstanding) {}

  /// Something that is asked of the queue, on its thread.
  template <class Question>
  auto ask(Question question) {
    return asio::post(io_, asio::use_future([this, question] { return question(*queue_); })).get();
  }

  ~test_gateway() {
    ask([](cluster::remote_queue& queue) { return queue.close(), 0; });
    while (ask([](cluster::remote_queue& queue) { return queue.waiting(); }) > 0) std::this_thread::yield();
    io_.stop();
    thread_.join();
  }

  std::future<replies> submit(const std::vector<std::string>& texts,
                              std::chrono::milliseconds within = std::chrono::seconds{60},
                              asio::cancellation_slot slot = {}) {
    std::vector<cluster::text_request> requests;
    for (const auto& each : texts) requests.push_back({.text = each});
    return asio::co_spawn(io_, queue_->submit(std::move(requests), std::chrono::steady_clock::now() + within),
                          asio::bind_cancellation_slot(slot, asio::use_future));
  }

  /// Waits until the queue has heard of what Redis has done by now: replies come in order.
  void catch_up() {
    const auto ping = [this]() -> asio::awaitable<void> {
      cluster::redis_command command{"PING"};
      co_await queue_->connection().run(std::move(command));
    };
    asio::co_spawn(io_, ping, asio::use_future).get();
  }

  test_gateway(const test_gateway&) = delete;
  test_gateway& operator=(const test_gateway&) = delete;

  carpool::stats stats() {
    return ask([](const cluster::remote_queue& queue) { return queue.stats(); });
  }
  std::uint64_t unwanted() {
    return ask([](const cluster::remote_queue& queue) { return queue.unwanted_replies(); });
  }

 private:
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::unique_ptr<cluster::remote_queue> queue_;
  std::thread thread_;
};

}  // namespace carpool::test
