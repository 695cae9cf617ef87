// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "cluster/redis_connection.hpp"
#include "io_thread.hpp"
#include "support/clock.hpp"
#include "support/interleaved.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// What a text cannot take less than: XADD, XREADGROUP by another thread, XADD of the answer, XREAD, all with
/// the same client library and as many connections as a gateway and a worker have. Nothing is acknowledged,
/// deleted or remembered, and no model is asked.
class raw_round_trip {
 public:
  raw_round_trip(const cluster::redis_settings& settings, std::string request, std::string reply)
      : request_(std::move(request)), reply_(std::move(reply)), gateway_(settings), worker_(settings) {
    worker_.thread.begin(echo());
    gateway_.thread.begin(read_replies());
    worker_.thread.start();
    gateway_.thread.start();
  }
  ~raw_round_trip() {
    gateway_.thread.stop();
    worker_.thread.stop();
  }

  /// Median of so many, one after the other, in microseconds.
  double measure(std::size_t count) { return gateway_.thread.run(time(count)); }

 private:
  struct side {
    explicit side(const cluster::redis_settings& settings)
        : writing(thread.io().get_executor(), settings), reading(thread.io().get_executor(), settings) {}

    io_thread thread;
    cluster::redis_connection writing, reading;
    asio::steady_timer changed{thread.io()};
  };

  static constexpr auto wait_for = asio::use_awaitable;
  static constexpr std::chrono::milliseconds longest_wait{1000};

  asio::awaitable<double> time(std::size_t count) {
    std::vector<double> microseconds;
    for (std::size_t i = 0; i < count; ++i) {
      const double begin = seconds(CLOCK_MONOTONIC);
      missing_ = true;
      gateway_.changed.expires_at(asio::steady_timer::time_point::max());
      cluster::redis_command add{"XADD", "raw:req", "*", "id", "1", "to", "raw:rep", "p", request_};
      co_await gateway_.writing.run(std::move(add));
      if (missing_) co_await gateway_.changed.async_wait(asio::as_tuple(wait_for));
      microseconds.push_back(1e6 * (seconds(CLOCK_MONOTONIC) - begin));
    }
    co_return spread_of(std::move(microseconds)).median;
  }

  asio::awaitable<void> read_replies() {
    for (std::string last = "0";;) {
      cluster::redis_command read{"XREAD",   "BLOCK",   std::to_string(longest_wait.count()),
                                  "STREAMS", "raw:rep", last};
      const cluster::redis_value found = co_await gateway_.reading.run(std::move(read), longest_wait);
      if (found.items.size() < 2) continue;
      last = found.items[1].items.back().items[0].text;
      missing_ = false;
      gateway_.changed.cancel();
    }
  }

  asio::awaitable<void> echo() {
    cluster::redis_command make_group{"XGROUP", "CREATE", "raw:req", "w", "0", "MKSTREAM"};
    co_await worker_.writing.run(std::move(make_group));
    for (;;) {
      cluster::redis_command read{"XREADGROUP", "GROUP",   "w",
                                  "me",         "BLOCK",   std::to_string(longest_wait.count()),
                                  "STREAMS",    "raw:req", ">"};
      const cluster::redis_value found = co_await worker_.reading.run(std::move(read), longest_wait);
      if (found.items.size() < 2) continue;
      cluster::redis_command add{"XADD", "raw:rep", "*", "id", "1", "r", reply_};
      co_await worker_.writing.run(std::move(add));
    }
  }

  const std::string request_, reply_;
  side gateway_, worker_;
  bool missing_ = false;
};

}  // namespace bench
