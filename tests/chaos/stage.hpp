// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "redis_link.hpp"
#include "support/redis_server.hpp"
#include "support/server_process.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace chaos {

/// After which a worker that is not heard of counts as dead. Longer than one that works waits for a
/// processor, even where several programs share one.
inline constexpr std::chrono::milliseconds worker_lease{2000};

/// A cluster of real processes, each with a link of its own to a real Redis. Functions about different
/// processes may be called by different threads.
class stage {
 public:
  stage(std::size_t gateways, std::size_t workers);

  carpool::test::redis_server& redis() { return redis_; }
  /// Where its files are.
  std::filesystem::path redis_folder() const { return std::filesystem::path(redis_.socket()).parent_path(); }

  std::size_t gateways() const { return gateways_.size(); }
  std::size_t workers() const { return workers_.size(); }
  redis_link& gateway_link(std::size_t number) { return *gateways_[number].link; }
  redis_link& worker_link(std::size_t number) { return *workers_[number].link; }
  void signal_worker(std::size_t number, int signal) { workers_[number].process->signal(signal); }
  void kill_worker(std::size_t number);
  void start_worker(std::size_t number);

  std::vector<std::uint16_t> ports();

  /// Waits until a request to each gateway is answered with a vector. Throws std::runtime_error if that takes
  /// two minutes.
  void await_answers();

  /// Waits until nothing is in the queue and nothing is pending; what there is, if that takes a minute.
  std::string await_empty_queue();

  /// Ends all programs but Redis as their operators do; a complaint about each one that had ended before, or
  /// ends badly.
  std::vector<std::string> end();

  /// What each of them has printed last.
  std::string logs() const;

 private:
  struct member {
    std::string name;
    std::unique_ptr<redis_link> link;
    std::unique_ptr<carpool::test::server_process> process;
  };

  // Ends before the links do.
  class network_thread {
   public:
    explicit network_thread(boost::asio::io_context& io) : io_(io), thread_([&io] { io.run(); }) {}
    network_thread(const network_thread&) = delete;
    network_thread& operator=(const network_thread&) = delete;
    ~network_thread() {
      io_.stop();
      thread_.join();
    }

   private:
    boost::asio::io_context& io_;
    std::thread thread_;
  };

  member make(std::string name);
  std::vector<std::string> command(const char* program, const member& of) const;

  carpool::test::redis_server redis_;
  boost::asio::io_context network_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> open_{network_.get_executor()};
  std::vector<member> gateways_;
  std::vector<member> workers_;
  network_thread running_{network_};
};

}  // namespace chaos
