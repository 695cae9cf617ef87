// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "redis_link.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace chaos {

/// Links to Redis, and a thread that serves them. Not thread-safe; the links are.
class network {
 public:
  network() = default;
  network(const network&) = delete;
  network& operator=(const network&) = delete;
  ~network() {
    io_.stop();
    thread_.join();
  }

  /// A link as redis_link's constructor makes it, for as long as this lives.
  redis_link& add(const std::vector<redis_link::endpoint>& redis, std::uint16_t port = 0) {
    return *links_.emplace_back(std::make_unique<redis_link>(io_, redis, port));
  }

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> open_{io_.get_executor()};
  std::vector<std::unique_ptr<redis_link>> links_;
  std::thread thread_{[this] { io_.run(); }};
};

}  // namespace chaos
