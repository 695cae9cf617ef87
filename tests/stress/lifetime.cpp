// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Batchers and contexts that end while everything is under way, over and over.

#include <carpool/carpool.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <support/doctest.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <span>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace carpool;
using namespace std::chrono_literals;

namespace {

using batcher = DynamicBatcher<int, int>;

std::vector<int> copies(std::span<int> inputs) { return {inputs.begin(), inputs.end()}; }

constexpr int rounds = 1000;

/// Options that differ from round to round: threads or a pool, one lane or more.
options options_of(int round, asio::thread_pool& pool) {
  options given{.max_batch_size = 4, .lanes = static_cast<std::size_t>(1 + round % 3)};
  if (round % 2 == 0) given.model_executor = pool.get_executor();
  return given;
}

}  // namespace

TEST_CASE("B23: batchers destroyed by a completion handler while other requests are under way") {
  asio::thread_pool pool(3);
  for (int round = 0; round < rounds; ++round) {
    const auto strand = asio::make_strand(pool);  // the only place that submits and destroys
    std::unique_ptr<batcher> doomed;
    std::atomic<int> completions = 0;
    std::promise<void> all_done;
    int begun = 0;
    std::function<void()> submit = [&] {
      ++begun;
      doomed->async_submit(begun, asio::bind_executor(strand, [&, expected = begun](
                                                                  boost::system::error_code why, int result) {
                             if (!why && result != expected) std::terminate();
                             const int number = ++completions;
                             if (number == 40 + round % 7) doomed.reset();
                             if (doomed) submit();
                             if (!doomed && completions == begun) all_done.set_value();
                           }));
    };
    doomed = round % 4 < 2 ? std::make_unique<batcher>(options_of(round, pool), copies)
                           : std::make_unique<batcher>(pool, options_of(round, pool), copies);
    asio::post(strand, [&] {
      for (int i = 0; i < 16; ++i) submit();
    });
    all_done.get_future().get();
    CHECK(completions == begun);
  }
  pool.join();
}

TEST_CASE("B23: batchers destroyed by one of their functors while other lanes run") {
  asio::thread_pool pool(3);
  for (int round = 0; round < rounds; ++round) {
    std::unique_ptr<batcher> doomed;
    std::atomic<int> left = 40;
    std::atomic<int> completions = 0;
    std::promise<void> all_done;
    std::promise<void> all_submitted;
    const auto ready = all_submitted.get_future().share();
    const auto model = [&, ready](std::span<int> inputs) {
      ready.wait();
      const int before = left.fetch_sub(static_cast<int>(inputs.size()));
      if (before > 10 && before - static_cast<int>(inputs.size()) <= 10) doomed.reset();
      return copies(inputs);
    };
    doomed = round % 4 < 2 ? std::make_unique<batcher>(options_of(round, pool), model)
                           : std::make_unique<batcher>(pool, options_of(round, pool), model);
    for (int i = 0; i < 40; ++i)
      doomed->async_submit(i, asio::bind_executor(pool, [&](boost::system::error_code, int) {
                             if (++completions == 40) all_done.set_value();
                           }));
    all_submitted.set_value();
    all_done.get_future().get();
    CHECK(left <= 10);
  }
  pool.join();
}

TEST_CASE("B24, B26: close and drain race with submissions from several threads") {
  asio::thread_pool pool(2);
  for (int round = 0; round < rounds / 3; ++round) {
    batcher closing(pool, options_of(round, pool), copies);
    std::atomic<int> completions = 0;
    std::atomic<int> begun = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) {
          ++begun;
          closing.async_submit(i, [&, i](boost::system::error_code why, int result) {
            if (!why && result != i) std::terminate();
            ++completions;
          });
        }
      });
    threads.emplace_back(
        [&] { round % 2 == 0 ? closing.close() : closing.async_drain(asio::use_future).get(); });
    for (auto& thread : threads) thread.join();
    closing.async_drain(asio::use_future).get();
    const stats s = closing.stats();
    CHECK(s.submitted == 800);
    CHECK(s.succeeded + s.shut_down + s.rejected == 800);
    while (completions < begun) std::this_thread::yield();
  }
  pool.join();
}

TEST_CASE("B21: contexts of callers end while their requests wait, run and complete") {
  asio::thread_pool pool(2);
  for (int round = 0; round < rounds; ++round) {
    batcher surviving(pool, options_of(round, pool), copies, size_or_timeout{4, 100us});
    const auto alive = std::make_shared<std::atomic<int>>(0);
    {
      asio::io_context mortal;
      for (int i = 0; i < 50; ++i)
        surviving.async_submit(
            i, asio::bind_executor(mortal, [alive](boost::system::error_code, int) { ++*alive; }));
      if (round % 2 == 0) mortal.run_one();
    }
    CHECK(alive.use_count() == 1);
    CHECK(surviving.async_submit(7, asio::use_future).get() == 7);
  }
  pool.join();
}

TEST_CASE("B22: a batcher ends while a batch runs and a drain waits, and its context ends right after it") {
  asio::thread_pool pool(2);
  for (int round = 0; round < rounds; ++round) {
    std::atomic<bool> running = false;
    int drained = 0;
    asio::io_context mortal;
    {
      batcher doomed(mortal, options_of(round, pool), [&](std::span<int> inputs) {
        running = true;
        running.notify_one();
        const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(round % 50);
        while (std::chrono::steady_clock::now() < end) {
        }
        return copies(inputs);
      });
      doomed.async_submit(1, [](boost::system::error_code, int) {});
      running.wait(false);
      doomed.async_drain([&](boost::system::error_code why) { drained += !why; });
    }
    if (round % 3 == 0) continue;
    mortal.run();
    CHECK(drained == 1);
  }
  pool.join();
}
