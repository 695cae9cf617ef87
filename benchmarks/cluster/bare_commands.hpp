// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "cluster/entry_numbers.hpp"
#include "cluster/redis_script.hpp"
#include "cluster/redis_source.hpp"
#include "io_thread.hpp"
#include "support/clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// The commands of a gateway and a worker, each from a thread, pipelined, and nothing around them: no
/// batcher, no model, no leases, no deadlines. How fast they are is what Redis and the client library can do.
class bare_commands {
 public:
  bare_commands(const cluster::redis_settings& settings, std::string request, std::string reply)
      : request_(std::move(request)),
        reply_(std::move(reply)),
        writing_(gateway_.io().get_executor(), settings),
        reading_(gateway_.io().get_executor(), settings),
        arrived_(gateway_.io()),
        source_(worker_.io().get_executor(), settings, keys_, "bare", {}) {
    worker_.begin(finish_all());
    worker_.start();
    gateway_.start();
  }
  ~bare_commands() {
    gateway_.stop();
    worker_.stop();
  }

  /// Seconds that so many requests take, of which so many are under way at once.
  double measure(std::size_t count, std::size_t in_flight) { return gateway_.run(run(count, in_flight)); }

 private:
  static constexpr auto wait_for = asio::use_awaitable;
  static constexpr std::chrono::milliseconds longest_wait{1000};

  asio::awaitable<double> run(std::size_t count, std::size_t in_flight) {
    const double begin = seconds(CLOCK_MONOTONIC);
    left_ = count;
    free_ = in_flight;
    gateway_.begin(read_replies(count));
    while (left_ > 0) {
      for (; free_ > 0 && left_ > 0; --free_, --left_) gateway_.begin(admit());
      co_await await_replies();
    }
    while (free_ < in_flight) co_await await_replies();
    co_return seconds(CLOCK_MONOTONIC) - begin;
  }

  asio::awaitable<void> await_replies() {
    arrived_.expires_at(asio::steady_timer::time_point::max());
    co_await arrived_.async_wait(asio::as_tuple(wait_for));
  }

  asio::awaitable<void> admit() {
    std::vector<std::string> key{keys_.requests()};
    const std::string number = numbers_.next();
    std::vector<std::string> arguments{"1000000", number, number, keys_.replies("bare"), request_};
    co_await cluster::admit_script.run(writing_, std::move(key), std::move(arguments));
  }

  asio::awaitable<void> read_replies(std::size_t missing) {
    while (missing > 0) {
      cluster::redis_command read{"XREAD",
                                  "COUNT",
                                  "256",
                                  "BLOCK",
                                  std::to_string(longest_wait.count()),
                                  "STREAMS",
                                  keys_.replies("bare"),
                                  last_};
      const cluster::redis_value found = co_await reading_.run(std::move(read), longest_wait);
      if (found.items.size() < 2) continue;
      const auto& entries = found.items[1].items;
      last_ = entries.back().items[0].text;
      free_ += entries.size();
      missing -= entries.size();
      arrived_.cancel();
      read_ += entries.size();
      if (read_ < 256) continue;
      read_ = 0;
      cluster::redis_command trim{"XTRIM", keys_.replies("bare"), "MINID", last_};
      co_await writing_.run(std::move(trim));
    }
  }

  asio::awaitable<void> finish_all() {
    for (;;) {
      auto received = co_await source_.receive(64);
      for (cluster::delivery& each : received) worker_.begin(source_.finish(std::move(each), reply_));
    }
  }

  const std::string request_, reply_;
  const cluster::queue_keys keys_{"bare"};
  io_thread gateway_, worker_;
  cluster::redis_connection writing_;
  cluster::redis_connection reading_;
  asio::steady_timer arrived_;
  cluster::redis_source source_;
  std::string last_ = "0";
  std::size_t read_ = 0;  // since replies were trimmed
  cluster::entry_numbers numbers_;
  std::size_t left_ = 0;
  std::size_t free_ = 0;
};

}  // namespace bench
