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
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
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

/// A thread that sends texts and takes the answers on a context of its own, as a service does.
class text_caller {
 public:
  using batcher_type = carpool::DynamicBatcher<carpool::bert::tokens, carpool::bert::embedding>;

  /// Sends every `stride`-th of the texts, from `first` on, again and again. All must outlive this.
  text_caller(batcher_type& batcher, const carpool::bert::embedder& model,
              const std::vector<std::string>& texts, std::size_t first, std::size_t stride)
      : batcher_(batcher), model_(model), texts_(texts), next_(first), stride_(stride) {}

  /// With so many requests under way, until then.
  void closed_loop(std::size_t in_flight, double until) {
    do {
      while (open_ < in_flight) submit(clock_now());
      context_.run_one();
    } while (clock_now() < until);
    drain();
  }

  /// At random, so many a second on average, whatever the answers do, until then. Latencies count from the
  /// moment at which a request was due.
  void open_loop(double rate, double until) {
    std::mt19937 random(static_cast<unsigned>(next_));
    std::exponential_distribution<double> gap(rate);
    double due = clock_now();
    do {
      due += gap(random);
      for (double now = clock_now(); now < due; now = clock_now())
        context_.run_one_for(std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * (due - now))));
      submit(due);
    } while (due < until);
    drain();
  }

  std::size_t failed() const { return failed_; }
  const std::vector<double>& latencies() const { return latencies_; }

  static double clock_now() { return seconds(CLOCK_MONOTONIC); }

 private:
  void submit(double start) {
    ++open_;
    batcher_.async_submit(
        model_.tokenize(texts_[next_ % texts_.size()]),
        boost::asio::bind_executor(context_.get_executor(), [this, start](boost::system::error_code code,
                                                                          const carpool::bert::embedding&) {
          --open_;
          if (code)
            ++failed_;
          else
            latencies_.push_back(clock_now() - start);
        }));
    next_ += stride_;
  }

  void drain() {
    while (open_ > 0) context_.run_one();
  }

  batcher_type& batcher_;
  const carpool::bert::embedder& model_;
  const std::vector<std::string>& texts_;
  std::size_t next_, stride_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> stays_{context_.get_executor()};
  std::size_t open_ = 0, failed_ = 0;
  std::vector<double> latencies_;
};

class end_to_end {
 public:
  using batcher_type = text_caller::batcher_type;

  /// `batcher` runs `model`; both and `texts` must outlive this.
  end_to_end(batcher_type& batcher, const carpool::bert::embedder& model,
             const std::vector<std::string>& texts)
      : batcher_(batcher), model_(model), texts_(texts) {}

  /// So many callers at a time, who tokenise on `threads` threads, for so many seconds.
  traffic closed_loop(std::size_t in_flight, std::size_t threads, double duration) const {
    const std::size_t used = std::min(threads, in_flight);
    const auto run = [&](double length) {
      return traffic_of(used, length, [&](text_caller& caller, std::size_t thread, double until) {
        caller.closed_loop(in_flight / used + (thread < in_flight % used), until);
      });
    };
    run(duration / 4);
    return run(duration);
  }

  /// Requests that come at random, so many a second on average, also tokenised on `threads` threads.
  traffic open_loop(double rate, std::size_t threads, double duration) const {
    return traffic_of(threads, duration, [&](text_caller& caller, std::size_t, double until) {
      caller.open_loop(rate / static_cast<double>(threads), until);
    });
  }

 private:
  /// Runs `loop(caller, thread, until)` on so many threads.
  template <class Loop>
  traffic traffic_of(std::size_t threads, double duration, const Loop& loop) const {
    const carpool::stats before = batcher_.stats();
    const double start = text_caller::clock_now();
    std::deque<text_caller> callers;
    {
      std::vector<std::jthread> all;
      for (std::size_t t = 0; t < threads; ++t) {
        text_caller& mine = callers.emplace_back(batcher_, model_, texts_, t, threads);
        all.emplace_back([&loop, &mine, t, until = start + duration] { loop(mine, t, until); });
      }
    }
    const double took = text_caller::clock_now() - start;
    traffic result;
    if (const auto gpus = model_.telemetry(); !gpus.empty())
      result.gpu_busy = gpus.front().second->sample().busy.value_or(-1);
    std::vector<double> latencies;
    for (const text_caller& each : callers) {
      if (each.failed() > 0)
        throw std::runtime_error{std::to_string(each.failed()) + " texts got no embedding"};
      latencies.insert(latencies.end(), each.latencies().begin(), each.latencies().end());
    }
    if (latencies.empty()) throw std::runtime_error{"no text was answered in time"};
    std::sort(latencies.begin(), latencies.end());
    const auto quantile = [&](double share) {
      return latencies[static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1))];
    };
    result.texts_per_second = static_cast<double>(latencies.size()) / took;
    result.p50 = quantile(0.5);
    result.p99 = quantile(0.99);
    const carpool::stats now = batcher_.stats();
    result.mean_batch_size =
        static_cast<double>(now.batch_size.sum() - before.batch_size.sum()) /
        static_cast<double>(std::max<std::uint64_t>(now.batch_size.count() - before.batch_size.count(), 1));
    return result;
  }

  batcher_type& batcher_;
  const carpool::bert::embedder& model_;
  const std::vector<std::string>& texts_;
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
  /// One tokenises some 10 million tokens a second, more than a GPU takes in; more than four are none the
  /// faster.
  static std::size_t tokenising_threads() {
    const std::size_t cores = std::thread::hardware_concurrency();
    return cores > 3 ? std::min<std::size_t>(cores - 2, 4) : 1;
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

  void closed(const end_to_end& loop, json_line line, std::size_t lanes, std::size_t in_flight,
              std::size_t threads, double* best = nullptr) const {
    line.add("loop", "closed").add("lanes", lanes).add("in_flight", in_flight).add("threads", threads);
    const traffic found = loop.closed_loop(in_flight, threads, each_);
    found.add_to(line).print();
    if (best != nullptr) *best = std::max(*best, found.texts_per_second);
  }

  /// -> texts per second at best
  double carpool_lanes(std::size_t lanes) const {
    end_to_end::batcher_type batcher(options(lanes), model_.model());
    const end_to_end loop(batcher, model_.model(), texts_);
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
    const end_to_end loop(batcher, model_.model(), texts_);
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
    const end_to_end loop(batcher, model_.model(), texts_);
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
    const end_to_end mixed(batcher, model_.model(), texts_);
    for (const std::size_t in_flight : callers())
      if (in_flight != 8 || toy_)
        closed(mixed, line("carpool", activation::gelu_tanh, "mixed"), 2, in_flight, threads_);
    std::mt19937 random(50);
    std::vector<std::string> texts;
    while (texts.size() < 256) texts.push_back(english_text(50, random));
    const end_to_end fifty(batcher, model_.model(), texts);
    closed(fifty, line("carpool", activation::gelu_tanh, "50 tokens"), 2, callers().back(), threads_);
  }

  const subject& model_;
  const std::vector<std::string>& texts_;
  bool toy_;
  double each_;
  std::size_t threads_;
};

}  // namespace bench
