// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// From text to vector through DynamicBatcher: closed loops, and then an open one at shares of what they
// reach.

#pragma once

#include "report.hpp"
#include "support/english_texts.hpp"
#include <carpool/bert/bert.hpp>
#include <carpool/carpool.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/system_executor.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

class end_to_end {
 public:
  end_to_end(carpool::bert::embedder model, std::vector<std::string> texts, double duration)
      : model_(std::move(model)), texts_(std::move(texts)), duration_(duration) {}

  /// Texts per second with so many callers, who tokenise on `threads` threads.
  double closed_loop(std::size_t lanes, std::size_t in_flight, std::size_t threads) {
    batcher_type batcher(options(lanes), model_);
    const double end = seconds(CLOCK_MONOTONIC) + duration_;
    latencies_.clear();
    std::vector<std::jthread> callers;
    const std::size_t used = std::min(threads, in_flight);
    const double start = seconds(CLOCK_MONOTONIC);
    for (std::size_t t = 0; t < used; ++t)
      callers.emplace_back([&, t] { call(batcher, in_flight / used + (t < in_flight % used), t, end); });
    callers.clear();
    const double rate = static_cast<double>(latencies_.size()) / (seconds(CLOCK_MONOTONIC) - start);
    line("closed loop", lanes, rate, batcher).add("in_flight", static_cast<double>(in_flight)).print();
    return rate;
  }

  /// Requests that come at random, so many a second on average, whatever the answers do.
  void open_loop(std::size_t lanes, double rate, double share) {
    batcher_type batcher(options(lanes), model_);
    latencies_.clear();
    std::mt19937 random(1);
    std::exponential_distribution<double> gap(rate);
    std::atomic<std::size_t> open = 0;
    const double start = seconds(CLOCK_MONOTONIC);
    for (double next = start; next < start + duration_; next += gap(random)) {
      while (seconds(CLOCK_MONOTONIC) < next) std::this_thread::sleep_for(std::chrono::microseconds(20));
      ++open;
      batcher.async_submit(model_.tokenize(texts_[submitted_++ % texts_.size()]),
                           [this, next, &open](boost::system::error_code, const auto&) {
                             record(seconds(CLOCK_MONOTONIC) - next);
                             --open;
                           });
    }
    while (open > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    line("open loop", lanes, rate, batcher).add("share_of_closed_loop", share).print();
  }

 private:
  using batcher_type = carpool::DynamicBatcher<carpool::bert::tokens, carpool::bert::embedding>;

  carpool::options options(std::size_t lanes) const {
    carpool::options given = model_.batching();
    given.lanes = lanes;
    given.max_queue_size = 1 << 20;
    return given;
  }

  /// One thread with so many requests under way.
  void call(batcher_type& batcher, std::size_t in_flight, std::size_t first, double end) {
    // Shared, because a handler may still be telling of the last answer when this thread has seen it.
    const auto open = std::make_shared<std::atomic<std::size_t>>(0);
    for (std::size_t i = first; seconds(CLOCK_MONOTONIC) < end; i += 7) {
      while (open->load() >= in_flight) open->wait(in_flight);
      const double start = seconds(CLOCK_MONOTONIC);
      ++*open;
      batcher.async_submit(
          model_.tokenize(texts_[i % texts_.size()]),
          boost::asio::bind_executor(boost::asio::system_executor(),
                                     [this, start, open](boost::system::error_code, const auto&) {
                                       record(seconds(CLOCK_MONOTONIC) - start);
                                       --*open;
                                       open->notify_one();
                                     }));
    }
    while (const std::size_t left = open->load()) open->wait(left);
  }

  void record(double latency) {
    const std::lock_guard lock(mutex_);
    latencies_.push_back(latency);
  }

  json_line line(const std::string& loop, std::size_t lanes, double rate, const batcher_type& batcher) {
    const std::lock_guard lock(mutex_);
    std::sort(latencies_.begin(), latencies_.end());
    const auto quantile = [&](double share) {
      return latencies_.empty() ? 0
                                : 1e3 * latencies_[static_cast<std::size_t>(
                                            share * static_cast<double>(latencies_.size() - 1))];
    };
    return json_line("end to end")
        .add("loop", loop)
        .add("lanes", static_cast<double>(lanes))
        .add("texts_per_second", rate)
        .add("p50_ms", quantile(0.5))
        .add("p99_ms", quantile(0.99))
        .add("mean_batch_size", batcher.stats().batch_size.mean());
  }

  carpool::bert::embedder model_;
  std::vector<std::string> texts_;
  double duration_;
  std::size_t submitted_ = 0;
  std::mutex mutex_;
  std::vector<double> latencies_;
};

}  // namespace bench
