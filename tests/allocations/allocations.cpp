// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What the batcher allocates, and what happens when it cannot. Built with Asio's own memory taken from
// operator new, so that it is counted too.

#include <carpool/carpool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <allocations/counting_new.hpp>
#include <support/doctest.hpp>
#include <support/gate.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <latch>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace carpool;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

/// A model without allocations: its results are where its inputs are.
std::span<int> echo(std::span<int> inputs) { return inputs; }

/// 64 callers, each of whom submits its next request when it has the result of the last; looks at the
/// allocations of this thread in the middle, when everything has warmed up and nothing has ended yet.
struct closed_loop {
  static constexpr int callers = 64;

  DynamicBatcher<int, int>& batcher;
  submit_options asked = {};
  int left = 10'000;
  std::size_t before = 0;
  std::size_t after = 0;
  std::uint64_t batches = 0;

  /// Whether another request is to be submitted.
  [[nodiscard]] bool next() {
    --left;
    if (left == 9'000) before = allocations(), batches = batcher.stats().batches;
    if (left == 1'000) after = allocations(), batches = batcher.stats().batches - batches;
    return left >= 0;
  }

  struct caller {
    closed_loop* loop;
    void operator()(boost::system::error_code why, int) const {
      REQUIRE(!why);
      if (loop->next()) loop->batcher.async_submit(1, loop->asked, *this);
    }
  };

  /// Allocations of 8,000 requests.
  std::size_t run(asio::io_context& io) {
    for (int i = 0; i < callers; ++i) caller{this}({}, 0);
    io.run();
    return after - before;
  }
};

}  // namespace

TEST_CASE("in a closed loop on one io_context nothing is allocated, for any request or batch") {
  asio::io_context io;
  DynamicBatcher<int, int> batcher{io, {.model_executor = io.get_executor()}, &echo};
  CHECK(closed_loop{batcher}.run(io) == 0);
}

TEST_CASE("deadlines cost no allocation either") {
  asio::io_context io;
  DynamicBatcher<int, int> batcher{io, {.model_executor = io.get_executor()}, &echo};
  CHECK(closed_loop{batcher, {.deadline = 1h}}.run(io) == 0);
}

TEST_CASE("requests that can be cancelled cost no allocation either") {
  asio::io_context io;
  DynamicBatcher<int, int> batcher{io, {.model_executor = io.get_executor()}, &echo};
  closed_loop loop{batcher};
  std::vector<asio::cancellation_signal> signals(closed_loop::callers);
  std::function<void(std::size_t)> call = [&](std::size_t i) {
    if (!loop.next()) return;
    batcher.async_submit(1, asio::bind_cancellation_slot(
                                signals[i].slot(), [&call, i](boost::system::error_code, int) { call(i); }));
  };
  for (std::size_t i = 0; i < signals.size(); ++i) call(i);
  io.run();
  CHECK(loop.after == loop.before);
}

TEST_CASE("coroutines cost no allocation either") {
  asio::io_context io;
  DynamicBatcher<int, int> batcher{io, {.model_executor = io.get_executor()}, &echo};
  closed_loop loop{batcher};
  const auto caller = [](closed_loop& mine) -> asio::awaitable<void> {
    while (mine.next()) co_await mine.batcher.async_submit(1, asio::use_awaitable);
  };
  for (int i = 0; i < closed_loop::callers; ++i) co_spawn(io, caller(loop), asio::detached);
  io.run();
  CHECK(loop.after == loop.before);
}

TEST_CASE("a thread that submits bursts allocates what it and the lane keep, and then nothing more") {
  DynamicBatcher<int, int> batcher{{}, &echo};
  const auto burst = [&] {
    std::latch missing(100);
    for (int i = 0; i < 100; ++i)
      batcher.async_submit(
          1, asio::bind_executor(asio::system_executor(),
                                 [&](boost::system::error_code, int) { missing.count_down(); }));
    missing.wait();
  };
  const std::size_t before = allocations();
  for (int i = 0; i < 200; ++i) burst();  // 20,000 requests, all of which end on the lane
  CHECK(allocations() - before <= 512);
}

TEST_CASE(
    "with lanes that have threads the callers' thread allocates a few times per batch, not per request") {
  asio::io_context io;
  DynamicBatcher<int, int> batcher{io, {.lanes = 2}, &echo};
  closed_loop loop{batcher};
  const std::size_t spent = loop.run(io);
  CHECK(spent <= 4 * loop.batches + closed_loop::callers);
}

TEST_CASE("B12: a refusal by a full queue allocates nothing for the request") {
  asio::io_context io;
  gate busy;
  DynamicBatcher<int, int> batcher{
      io, {.max_batch_size = 1, .max_queue_size = 1}, [&](std::span<int> inputs) {
        busy.pass();
        return inputs;
      }};
  batcher.async_submit(1, [](boost::system::error_code, int) {});
  busy.await_arrivals(1);
  batcher.async_submit(2, [](boost::system::error_code, int) {});
  int refused = 0;
  std::size_t used = 0;
  std::function<void(int)> refuse = [&](int left) {
    const std::size_t before = allocations();
    batcher.async_submit(3, [&, left](boost::system::error_code why, int) {
      refused += why == error::queue_full;
      if (left > 0) refuse(left - 1);
    });
    if (left < 90) used += allocations() - before;  // the first ones warm Asio's cache
  };
  asio::post(io, [&] { refuse(100); });
  while (refused < 101) io.run_one();
  CHECK(used == 0);
  busy.open();
  io.run();
}

namespace {

/// Tries to queue a submission with the first, the second... allocation failing, until it gets through: every
/// failure throws out of the initiating function, leaves nothing behind, and the batcher goes on. The handler
/// has an allocator that keeps nothing, so that memory for its operation is asked for each time.
template <class Submit>
void survives_failures(Submit submit) {
  bool through = false;
  std::size_t failures = 0;
  for (; !through; ++failures) {
    REQUIRE(failures < 1000);
    asio::io_context io;
    DynamicBatcher<int, int> batcher{io, {.model_executor = io.get_executor()}, &echo};
    const auto alive = std::make_shared<int>(0);
    asio::cancellation_signal signal;
    bool thrown = false;
    try {
      const allocation_failure failing(failures);
      submit(batcher, signal,
             asio::bind_allocator(std::allocator<void>(),
                                  [alive](boost::system::error_code, auto&&...) { ++*alive; }));
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    through = !thrown;
    INFO("allocation ", failures, " fails");
    if (thrown) CHECK(alive.use_count() == 1);
    if (thrown) CHECK(batcher.stats().submitted == 0);
    io.run();
    CHECK(*alive == (thrown ? 0 : 1));
    int next = 0;
    batcher.async_submit(7, [&](boost::system::error_code, int value) { next = value; });
    io.restart();
    io.run();
    CHECK(next == 7);
  }
  CHECK(failures > 1);
}

}  // namespace

TEST_CASE("B27: a submission that finds no memory fails whole, and the batcher goes on") {
  survives_failures([](auto& batcher, auto&, auto handler) { batcher.async_submit(1, std::move(handler)); });
  survives_failures([](auto& batcher, auto& signal, auto handler) {
    batcher.async_submit(1, asio::bind_cancellation_slot(signal.slot(), std::move(handler)));
  });
}

TEST_CASE("B27: a submission of many that finds no memory fails whole, and the batcher goes on") {
  survives_failures([](auto& batcher, auto&, auto handler) {
    batcher.async_submit_many(std::vector<int>(100, 1), std::move(handler));
  });
}
