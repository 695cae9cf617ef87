// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Executors that often have no memory for what they are given, while lanes, callers and contexts go on.

#include <carpool/carpool.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/require.hpp>

#include <stress/submitter.hpp>
#include <support/doctest.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace carpool;
using namespace carpool::test;

namespace {

/// The executor of an io_context, for which there is no memory every other time. Not for batchers with a
/// timer, which Asio loses then.
class starved_executor {
 public:
  explicit starved_executor(asio::io_context& io) noexcept : io_(&io) {}

  template <class Function>
  void execute(Function&& function) const {
    thread_local std::minstd_rand random(1);
    if (random() % 2 == 0) throw std::bad_alloc();
    asio::require(io_->get_executor(), asio::execution::blocking.never)
        .execute(std::forward<Function>(function));
  }

  [[nodiscard]] asio::execution_context& query(asio::execution::context_t) const noexcept { return *io_; }
  static constexpr auto query(asio::execution::blocking_t) noexcept {
    return asio::execution::blocking_t(asio::execution::blocking.never);
  }
  [[nodiscard]] starved_executor require(asio::execution::blocking_t::never_t) const { return *this; }

  friend bool operator==(const starved_executor&, const starved_executor&) noexcept = default;

 private:
  asio::io_context* io_;
};

/// An io_context and the thread that runs it.
class running_context {
 public:
  ~running_context() {
    work_.reset();
    thread_.join();
  }
  [[nodiscard]] starved_executor executor() { return starved_executor(io_); }

 private:
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::thread thread_{[this] { io_.run(); }};
};

using counts = std::deque<std::atomic<int>>;

constexpr int rounds = 200;
constexpr std::size_t requests = 100;  // of each submitter

}  // namespace

TEST_CASE("B27: with executors that have no memory every other time each request completes exactly once") {
  for (int round = 0; round < rounds; ++round) {
    counts ended(2 * requests);
    {
      running_context home;
      running_context other;
      DynamicBatcher<tag, tag> batcher{home.executor(), {.max_batch_size = 8, .lanes = 2}, answers, eager{}};
      const auto submit_all = [&](std::size_t first) {
        for (std::size_t i = first; i < 2 * requests; i += 2) {
          const auto note = [&, i](boost::system::error_code, tag) { ++ended[i]; };
          if (i % 4 < 2)
            batcher.async_submit(i, note);
          else
            batcher.async_submit(i, asio::bind_executor(other.executor(), note));
        }
      };
      std::thread second([&] { submit_all(1); });
      submit_all(0);
      second.join();
    }
    for (const auto& each : ended) CHECK(each == 1);
  }
}

TEST_CASE("B27: contexts end while there is no memory to post to them") {
  running_context home;
  DynamicBatcher<tag, tag> batcher{home.executor(), {.max_batch_size = 8, .lanes = 2}, answers, eager{}};
  for (int round = 0; round < 5 * rounds; ++round) {
    const auto alive = std::make_shared<counts>(8);
    std::optional<asio::io_context> doomed(std::in_place);
    for (std::size_t i = 0; i < alive->size(); ++i)
      batcher.async_submit(
          i, asio::bind_executor(starved_executor(*doomed), [alive, i](auto, tag) { ++(*alive)[i]; }));
    if (round % 2 == 0) doomed->run_one();
    doomed.reset();
    CHECK(alive.use_count() == 1);
    for (const auto& each : *alive) CHECK(each <= 1);
  }
}
