// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// From text to vector through DynamicBatcher: closed loops, and an open one.

#pragma once

#include "report.hpp"
#include "subject.hpp"
#include "support/english_texts.hpp"
#include "tei_mode.hpp"
#include <carpool/bert/bert.hpp>
#include <carpool/carpool.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/system_executor.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

/// What a loop has found.
struct traffic {
  double texts_per_second = 0, p50 = 0, p99 = 0, mean_batch_size = 0, gpu_busy = -1;

  json_line& add_to(json_line& line) const {
    line.add("texts_per_second", texts_per_second)
        .add("p50_ms", 1e3 * p50)
        .add("p99_ms", 1e3 * p99)
        .add("mean_batch_size", mean_batch_size);
    if (gpu_busy >= 0) line.add("gpu_busy", gpu_busy);
    return line;
  }
};

class end_to_end {
 public:
  using batcher_type = carpool::DynamicBatcher<carpool::bert::tokens, carpool::bert::embedding>;

  /// `batcher` runs `model`; both and `texts` must outlive this.
  end_to_end(batcher_type& batcher, const carpool::bert::embedder& model,
             const std::vector<std::string>& texts)
      : batcher_(batcher), model_(model), texts_(texts) {}

  /// So many callers at a time, who tokenise on `threads` threads, for so many seconds.
  traffic closed_loop(std::size_t in_flight, std::size_t threads, double duration) {
    run(in_flight, threads, duration / 4);
    return run(in_flight, threads, duration);
  }

  /// Requests that come at random, so many a second on average, whatever the answers do; they too are
  /// tokenised on `threads` threads. Latencies count from the moment at which a request was due.
  traffic open_loop(double rate, std::size_t threads, double duration) {
    begin();
    std::vector<std::jthread> callers;
    const auto start = clock_now();
    for (std::size_t t = 0; t < threads; ++t)
      callers.emplace_back([&, t] {
        std::mt19937 random(static_cast<unsigned>(t));
        std::exponential_distribution<double> gap(rate / static_cast<double>(threads));
        const auto open = std::make_shared<std::atomic<std::size_t>>(0);
        std::size_t i = t;
        double next = start;
        do {
          next += gap(random);
          while (clock_now() < next) std::this_thread::sleep_for(std::chrono::microseconds(20));
          submit(i, next, open);
          i += threads;
        } while (next < start + duration);
        while (const std::size_t left = open->load()) open->wait(left);
      });
    callers.clear();
    return end(start);
  }

 private:
  static double clock_now() { return seconds(CLOCK_MONOTONIC); }

  traffic run(std::size_t in_flight, std::size_t threads, double duration) {
    begin();
    const double start = clock_now(), until = start + duration;
    std::vector<std::jthread> callers;
    const std::size_t used = std::min(threads, in_flight);
    for (std::size_t t = 0; t < used; ++t)
      callers.emplace_back([&, t] { call(in_flight / used + (t < in_flight % used), t, until); });
    callers.clear();
    return end(start);
  }

  /// One thread with so many requests under way.
  void call(std::size_t in_flight, std::size_t first, double until) {
    // Shared, because a handler may still be telling of the last answer when this thread has seen it.
    const auto open = std::make_shared<std::atomic<std::size_t>>(0);
    std::size_t i = first;
    do {
      for (std::size_t now = open->load(); now >= in_flight; now = open->load()) open->wait(now);
      submit(i, clock_now(), open);
      i += 7;
    } while (clock_now() < until);
    while (const std::size_t left = open->load()) open->wait(left);
  }

  void submit(std::size_t i, double start, const std::shared_ptr<std::atomic<std::size_t>>& open) {
    ++*open;
    batcher_.async_submit(model_.tokenize(texts_[i % texts_.size()]),
                          boost::asio::bind_executor(boost::asio::system_executor(),
                                                     [this, start, open](boost::system::error_code code,
                                                                         const carpool::bert::embedding&) {
                                                       record(code ? -1 : clock_now() - start);
                                                       --*open;
                                                       open->notify_one();
                                                     }));
  }

  void record(double latency) {
    const std::lock_guard lock(mutex_);
    if (latency < 0)
      ++failed_;
    else
      latencies_.push_back(latency);
  }

  void begin() {
    latencies_.clear();
    const carpool::stats now = batcher_.stats();
    batches_ = now.batch_size.count();
    batched_ = now.batch_size.sum();
  }

  traffic end(double start) {
    traffic result;
    result.texts_per_second = static_cast<double>(latencies_.size()) / (clock_now() - start);
    if (const auto gpus = model_.telemetry(); !gpus.empty())
      result.gpu_busy = gpus.front().second->sample().busy.value_or(-1);
    const std::lock_guard lock(mutex_);
    if (failed_ > 0) throw std::runtime_error{std::to_string(failed_) + " texts got no embedding"};
    if (latencies_.empty()) throw std::runtime_error{"no text was answered in time"};
    std::sort(latencies_.begin(), latencies_.end());
    const auto quantile = [&](double share) {
      return latencies_[static_cast<std::size_t>(share * static_cast<double>(latencies_.size() - 1))];
    };
    result.p50 = quantile(0.5);
    result.p99 = quantile(0.99);
    const carpool::stats now = batcher_.stats();
    result.mean_batch_size =
        static_cast<double>(now.batch_size.sum() - batched_) /
        static_cast<double>(std::max<std::uint64_t>(now.batch_size.count() - batches_, 1));
    return result;
  }

  batcher_type& batcher_;
  const carpool::bert::embedder& model_;
  const std::vector<std::string>& texts_;
  std::mutex mutex_;
  std::vector<double> latencies_;
  std::size_t failed_ = 0;
  std::uint64_t batches_ = 0, batched_ = 0;
};

/// The cells of this step: lanes, callers, tokenising threads, forms of GELU, carpool and TEI mode.
class loops {
 public:
  loops(const subject& model, const std::vector<std::string>& texts, bool toy, double budget)
      : model_(model), texts_(texts), toy_(toy), each_(budget / 42), threads_(tokenising_threads()) {}

  void measure() {
    double most = 0;
    for (const std::size_t lanes : {2U, 1U, 3U}) most = std::max(most, carpool_lanes(lanes));
    arrivals(most);
    tei();
    fifty_tokens();
  }

 private:
  static std::size_t tokenising_threads() {
    const std::size_t cores = std::thread::hardware_concurrency();
    return cores > 3 ? cores - 2 : 1;
  }

  std::vector<std::size_t> callers() const {
    return toy_ ? std::vector<std::size_t>{1, 8} : std::vector<std::size_t>{1, 8, 64, 512, 4096};
  }

  carpool::options options(std::size_t lanes) const {
    carpool::options result = model_.model().batching();
    result.lanes = lanes;
    result.max_queue_size = std::size_t{1} << 20U;
    return result;
  }

  json_line line(const std::string& side, activation form, const std::string& texts) const {
    return json_line("end to end")
        .add("model", model_.name())
        .add("side", side)
        .add("gelu", name_of(form))
        .add("texts", texts);
  }

  void closed(end_to_end& loop, json_line line, std::size_t lanes, std::size_t in_flight, std::size_t threads,
              double* best = nullptr) const {
    line.add("loop", "closed").add("lanes", lanes).add("in_flight", in_flight).add("threads", threads);
    const traffic found = loop.closed_loop(in_flight, threads, each_);
    found.add_to(line).print();
    if (best != nullptr) *best = std::max(*best, found.texts_per_second);
  }

  /// -> texts per second at best
  double carpool_lanes(std::size_t lanes) const {
    end_to_end::batcher_type batcher(options(lanes), model_.model());
    end_to_end loop(batcher, model_.model(), texts_);
    double best = 0;
    for (const std::size_t in_flight : callers())
      closed(loop, line("carpool", activation::gelu, "mixed"), lanes, in_flight, threads_, &best);
    if (lanes == 2)
      for (std::size_t threads = 1; threads < threads_; threads *= 2)
        closed(loop, line("carpool", activation::gelu, "mixed"), lanes, callers().back(), threads);
    return best;
  }

  void arrivals(double most) const {
    end_to_end::batcher_type batcher(options(2), model_.model());
    end_to_end loop(batcher, model_.model(), texts_);
    loop.closed_loop(callers().back(), threads_, each_ / 4);
    for (const double share : {0.5, 0.8, 0.9, 0.95}) {
      auto one = line("carpool", activation::gelu, "mixed");
      one.add("loop", "open").add("lanes", 2).add("threads", threads_).add("share_of_closed_loop", share);
      one.add("rate", share * most);
      loop.open_loop(share * most, threads_, each_).add_to(one).print();
    }
  }

  void tei() const {
    const lane_factory lanes = tei_lanes(model_, std::make_shared<const tei_backend>(model_));
    end_to_end::batcher_type batcher(tei_options(), lanes, carpool::eager{});
    end_to_end loop(batcher, model_.model(), texts_);
    for (const std::size_t in_flight : callers())
      if (in_flight != 8 || toy_)
        closed(loop, line("TEI mode, an imitation", activation::gelu_tanh, "mixed"), 1, in_flight, threads_);
  }

  /// With the same form of GELU as TEI mode has, on the same texts and on texts of 50 tokens.
  void fifty_tokens() const {
    const auto network = model_.encoder(activation::gelu_tanh);
    const lane_factory lanes{
        [this, network](std::size_t) { return model_.lane(model_.device_lane(network)); }};
    end_to_end::batcher_type batcher(options(2), lanes);
    end_to_end mixed(batcher, model_.model(), texts_);
    for (const std::size_t in_flight : callers())
      if (in_flight != 8 || toy_)
        closed(mixed, line("carpool", activation::gelu_tanh, "mixed"), 2, in_flight, threads_);
    std::mt19937 random(50);
    std::vector<std::string> texts;
    while (texts.size() < 256) texts.push_back(english_text(50, random));
    end_to_end fifty(batcher, model_.model(), texts);
    closed(fifty, line("carpool", activation::gelu_tanh, "50 tokens"), 2, callers().back(), threads_);
  }

  const subject& model_;
  const std::vector<std::string>& texts_;
  bool toy_;
  double each_;
  std::size_t threads_;
};

}  // namespace bench
