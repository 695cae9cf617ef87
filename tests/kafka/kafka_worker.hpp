// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "cluster/kafka/kafka_source.hpp"
#include "cluster/worker.hpp"
#include "mock_kafka.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace carpool::test {

namespace asio = boost::asio;

/// A worker on a queue in Kafka, on a thread of its own. Its model's result is the length of the text; a text
/// that begins with "hold" waits until release(). If it has not left, its end is one without farewell.
class kafka_worker {
 public:
  explicit kafka_worker(const mock_kafka& kafka, std::size_t capacity = 8,
                        const cluster::kafka_properties& properties = {})
      : source_(io_.get_executor(), kafka.settings(properties)),
        worker_(io_.get_executor(), source_,
                [this](cluster::text_request text, carpool::time_point) { return run(std::move(text)); },
                {.capacity = capacity, .lease = {std::chrono::milliseconds{300}}}),
        ended_(asio::co_spawn(io_, worker_.work(), asio::use_future)),
        thread_([this] { io_.run(); }) {}
  kafka_worker(const kafka_worker&) = delete;
  kafka_worker& operator=(const kafka_worker&) = delete;
  ~kafka_worker() {
    io_.stop();
    thread_.join();
  }

  void release() {
    asio::post(io_, [this] {
      released_ = true;
      gate_.cancel();
    });
  }

  /// Finishes what it has, and leaves the group.
  void leave() {
    asio::post(io_, [this] { worker_.stop(); });
    ended_.get();
    asio::co_spawn(io_, source_.leave(), asio::use_future).get();
  }

  /// The texts that it has begun to run, in this order.
  std::vector<std::string> begun() const {
    const std::lock_guard lock{mutex_};
    return begun_;
  }
  bool has_begun(const std::string& text) const {
    const auto texts = begun();
    return std::ranges::find(texts, text) != texts.end();
  }

 private:
  asio::awaitable<cluster::text_reply> run(cluster::text_request request) {
    {
      const std::lock_guard lock{mutex_};
      begun_.push_back(request.text);
    }
    while (request.text.starts_with("hold") && !released_)
      co_await gate_.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return cluster::text_result{.values = {1}, .tokens = static_cast<std::uint32_t>(request.text.size())};
  }

  asio::io_context io_{1};
  asio::steady_timer gate_{io_, asio::steady_timer::time_point::max()};  // never fires
  bool released_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> begun_;
  cluster::kafka_source source_;
  cluster::worker worker_;
  std::future<void> ended_;
  std::thread thread_;
};

}  // namespace carpool::test
