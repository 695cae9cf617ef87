// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace embed_server {

namespace asio = boost::asio;

/// Runs what waits there until it is stopped or nothing is left. An exception that a handler lets out is
/// logged: what that handler was doing is lost, but not the other connections of the thread.
void run_on(asio::io_context& io);

/// The io_context of the service, its home, and threads for connections, each with an io_context of its own.
/// Requests of these connections may wait at home, so it ends before theirs.
class http_threads {
 public:
  /// For one thread to run, with run_on.
  asio::io_context& home() noexcept { return home_; }

  /// None for one: then connections are served where they are accepted. To be called once, before the others.
  void make(std::size_t count) {
    while (count > 1 && contexts_.size() < count) {
      contexts_.push_back(std::make_unique<asio::io_context>(1));
      asio::steady_timer{*contexts_.back()};  // has it open its files now, while there are some
    }
  }

  std::vector<asio::any_io_executor> executors() const {
    std::vector<asio::any_io_executor> all;
    for (const auto& each : contexts_) all.emplace_back(each->get_executor());
    return all;
  }

  /// Runs them while the result lives.
  class running {
   public:
    explicit running(const http_threads& given) : contexts_(given.contexts_) {
      for (const auto& each : contexts_) {
        stay_.emplace_back(each->get_executor());
        threads_.emplace_back([&io = *each] { run_on(io); });
      }
    }
    running(const running&) = delete;
    running& operator=(const running&) = delete;
    ~running() {
      for (const auto& each : contexts_) each->stop();
    }

   private:
    const std::vector<std::unique_ptr<asio::io_context>>& contexts_;
    std::vector<asio::executor_work_guard<asio::io_context::executor_type>> stay_;
    std::vector<std::jthread> threads_;
  };

 private:
  std::vector<std::unique_ptr<asio::io_context>> contexts_;
  asio::io_context home_{1};  // last, so that it ends first
};

/// As many as were asked for. Where nobody asked (0), half of the cores if a GPU does the work, at most 8;
/// else one, because the model has the cores.
std::size_t choose_http_threads(std::size_t asked, bool on_gpu, std::size_t cores);

}  // namespace embed_server
