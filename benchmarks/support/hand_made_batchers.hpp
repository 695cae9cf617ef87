// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The batchers that one writes by hand: a queue, and a thread that takes what is there, at most 64.

#pragma once

#include "support/placement.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#if __has_include(<concurrentqueue/blockingconcurrentqueue.h>)
#include <concurrentqueue/blockingconcurrentqueue.h>
#define BENCH_HAS_MOODYCAMEL 1
#endif

#include <array>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

inline constexpr std::size_t max_batch_size = 64;

/// A mutex, a deque and a condition variable.
template <class Item>
class locked_queue {
 public:
  void push(Item item) {
    {
      const std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    filled_.notify_one();
  }

  /// Waits for items; takes as many as a batch holds.
  void take(std::vector<Item>& batch) {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return !items_.empty(); });
    for (; !items_.empty() && batch.size() < max_batch_size; items_.pop_front())
      batch.push_back(std::move(items_.front()));
  }

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<Item> items_;
};

#ifdef BENCH_HAS_MOODYCAMEL
/// The well-known lock-free queue.
template <class Item>
class moodycamel_queue {
 public:
  void push(Item item) { items_.enqueue(std::move(item)); }

  void take(std::vector<Item>& batch) {
    batch.resize(max_batch_size);
    batch.resize(items_.wait_dequeue_bulk(batch.begin(), max_batch_size));
  }

 private:
  moodycamel::BlockingConcurrentQueue<Item> items_;
};
#endif

/// A thread that runs `serve(batch)` for what it takes from a queue. An item without a request ends it.
template <class Item, template <class> class Queue = locked_queue>
class batching_thread {
 public:
  template <class Serve>
  batching_thread(int cpu, Serve serve)
      : thread_([this, cpu, serve = std::move(serve)] {
          run_on(cpu);
          for (std::vector<Item> batch;; batch.clear()) {
            queue_.take(batch);
            const bool last = !batch.back();
            if (last) batch.pop_back();
            serve(batch);
            if (last) return;
          }
        }) {}
  ~batching_thread() {
    queue_.push(Item());
    thread_.join();
  }

  void push(Item item) { queue_.push(std::move(item)); }

 private:
  Queue<Item> queue_;
  std::thread thread_;
};

/// A request with a promise.
struct promised {
  int input = 0;
  std::promise<int> result{};
  bool valid = true;

  promised() : valid(false) {}
  promised(int x, std::promise<int> p) : input(x), result(std::move(p)) {}
  explicit operator bool() const noexcept { return valid; }
};

/// A request with a callback.
struct called_back {
  int input = 0;
  std::function<void(int)> done = {};
  explicit operator bool() const noexcept { return done != nullptr; }
};

/// For callers on an io_context: each result is posted there by itself.
class asio_batcher {
 public:
  asio_batcher(boost::asio::io_context& io, int cpu)
      : io_(io), thread_(cpu, [this](auto& batch) { serve(batch); }) {}

  void submit(int input, std::function<void(int)> done) {
    thread_.push(std::make_shared<request>(request{input, std::move(done), make_work_guard(io_)}));
  }

 private:
  struct request {
    int input;
    std::function<void(int)> done;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  };

  void serve(std::vector<std::shared_ptr<request>>& batch) {
    for (auto& each : batch)
      boost::asio::post(io_, [each = std::move(each)] { each->done(each->input + 1); });
  }

  boost::asio::io_context& io_;
  batching_thread<std::shared_ptr<request>> thread_;
};

}  // namespace bench
