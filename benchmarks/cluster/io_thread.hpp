// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <exception>
#include <thread>
#include <utility>

namespace bench {

namespace asio = boost::asio;

/// An io_context and the thread that runs it, for objects that are made before it starts and end after it
/// stops.
class io_thread {
 public:
  io_thread() = default;
  io_thread(const io_thread&) = delete;
  io_thread& operator=(const io_thread&) = delete;
  ~io_thread() { stop(); }

  asio::io_context& io() { return io_; }

  void start() {
    thread_ = std::thread([this] { io_.run(); });
  }
  void stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  /// The result of an operation, for another thread, which waits for it.
  template <class T>
  T run(asio::awaitable<T> operation) {
    return asio::co_spawn(io_, std::move(operation), asio::use_future).get();
  }

  /// An operation that nobody waits for; the program ends when it fails.
  void begin(asio::awaitable<void> operation) {
    asio::co_spawn(io_, std::move(operation), [](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
    });
  }

 private:
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> open_{io_.get_executor()};
  std::thread thread_;
};

}  // namespace bench
