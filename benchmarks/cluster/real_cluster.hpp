// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "cluster/remote_queue.hpp"
#include "io_thread.hpp"
#include "support/clock.hpp"
#include "support/interleaved.hpp"
#include "support/redis_server.hpp"
#include "support/server_process.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <exception>
#include <future>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace bench {

/// A gateway's end of a queue, in this process, and processes of workers around a toy model.
class real_cluster {
 public:
  /// `batch_ms`: milliseconds that the model takes for a batch. `more`: options for the workers.
  real_cluster(const carpool::test::redis_server& redis, const std::string& queue, std::size_t workers,
               int batch_ms, const std::vector<std::string>& more = {})
      : redis_(redis),
        requests_(cluster::queue_keys{queue}.requests()),
        queue_(gateway_.io().get_executor(),
               {.unix_socket = redis.socket(),
                .command_time = std::chrono::seconds{10}},  // weigh() asks much at once
               cluster::queue_keys{queue}, 1'000'000),
        progress_(gateway_.io()) {
    std::vector<std::string> worker{CARPOOL_TOY_WORKER,
                                    "--redis",
                                    redis.address(),
                                    "--queue",
                                    queue,
                                    "--max-batch-size",
                                    std::to_string(max_batch_size),
                                    "--batch-ms",
                                    std::to_string(batch_ms)};
    worker.insert(worker.end(), more.begin(), more.end());
    for (std::size_t i = 0; i < workers; ++i)
      workers_.push_back(std::make_unique<carpool::test::server_process>(worker));
    for (auto& each : workers_) each->await_line("takes texts from the queue");
    queue_.start();
    gateway_.start();
    run(workers * max_batch_size, max_batch_size);  // so that all connections are there
  }

  ~real_cluster() { gateway_.stop(); }

  static constexpr std::size_t max_batch_size = 32;

  /// Median of so many requests, one after the other, in microseconds.
  double hop(std::size_t count) { return gateway_.run(time(count)); }

  /// Seconds that so many requests take, of which so many are under way at once.
  double run(std::size_t count, std::size_t in_flight) { return gateway_.run(keep_busy(count, in_flight)); }

  struct redis_time {
    double admission;  ///< to let a request in
    double rest;       ///< to hand it out, and to take its reply and pass that on
  };

  /// Seconds of Redis' thread for each of so many requests.
  redis_time weigh(std::size_t count) {
    for (const auto& each : workers_) each->signal(SIGSTOP);
    const double begin = redis_seconds();
    auto answered = std::async(std::launch::async, [&] { run(count, count); });
    while (redis_.ask("XLEN '" + requests_ + "'") != std::to_string(count))
      if (answered.wait_for(std::chrono::milliseconds{50}) == std::future_status::ready) break;  // in vain
    const double admitted = redis_seconds();
    for (const auto& each : workers_) each->signal(SIGCONT);
    answered.get();
    const auto each = static_cast<double>(count);
    return {(admitted - begin) / each, (redis_seconds() - admitted) / each};
  }

 private:
  asio::awaitable<double> time(std::size_t count) {
    std::vector<double> microseconds;
    for (std::size_t i = 0; i < count; ++i) {
      const double begin = seconds(CLOCK_MONOTONIC);
      co_await ask();
      microseconds.push_back(1e6 * (seconds(CLOCK_MONOTONIC) - begin));
    }
    co_return spread_of(std::move(microseconds)).median;
  }

  asio::awaitable<double> keep_busy(std::size_t count, std::size_t in_flight) {
    const double begin = seconds(CLOCK_MONOTONIC);
    left_ = count;
    running_ = in_flight;
    for (std::size_t i = 0; i < in_flight; ++i)
      asio::co_spawn(gateway_.io(), ask_again_and_again(), [this](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
        if (--running_ == 0) progress_.cancel();
      });
    progress_.expires_at(asio::steady_timer::time_point::max());
    co_await progress_.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return seconds(CLOCK_MONOTONIC) - begin;
  }

  asio::awaitable<void> ask_again_and_again() {
    while (left_ > 0) {
      --left_;
      co_await ask();
    }
  }

  asio::awaitable<void> ask() {
    std::vector<cluster::text_request> texts(1);
    texts[0].text = "share the ride";
    const auto replies =
        co_await queue_.submit(std::move(texts), std::chrono::steady_clock::now() + std::chrono::minutes{1});
    const auto* const result = std::get_if<cluster::text_result>(&replies.at(0));
    if (result == nullptr || result->tokens != 14) throw std::runtime_error("a worker gave a wrong answer");
  }

  /// Seconds that the thread which runs Redis' commands has used.
  double redis_seconds() const {
    double seconds = 0;
    std::istringstream lines(redis_.ask("INFO cpu"));
    for (std::string line; std::getline(lines, line);)
      if (const auto at = line.find("_main_thread:"); at != line.npos)
        seconds += std::stod(line.substr(line.find(':') + 1));
    if (seconds == 0) throw std::runtime_error("this Redis does not tell the time of its main thread");
    return seconds;
  }

  const carpool::test::redis_server& redis_;
  std::string requests_;
  io_thread gateway_;
  cluster::remote_queue queue_;
  asio::steady_timer progress_;
  std::vector<std::unique_ptr<carpool::test::server_process>> workers_;
  std::size_t left_ = 0;
  std::size_t running_ = 0;
};

}  // namespace bench
