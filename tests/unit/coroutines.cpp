// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The batcher as coroutines use it.

#include <carpool/carpool.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>
#include <boost/version.hpp>

#include <support/doctest.hpp>
#include <support/virtual_world.hpp>
#if BOOST_VERSION >= 108600
#include <boost/asio/cancel_after.hpp>
#endif

#include <exception>
#include <memory>
#include <thread>
#include <variant>
#include <vector>

namespace asio = boost::asio;
using namespace carpool::test;
using asio::awaitable;
using asio::use_awaitable;
using carpool::error;
using ints = std::vector<int>;

namespace {

ints doubled(std::span<int> inputs) {
  ints results;
  for (const int x : inputs) results.push_back(2 * x);
  return results;
}

struct coroutine_world : virtual_world {
  virtual_batcher<int, int> eager{callers, running_here(), doubled, carpool::eager{}};
  virtual_batcher<int, int> patient{callers, running_here({.max_queue_delay = 1h}), doubled,
                                    carpool::size_or_timeout{}};

  /// Runs a coroutine to its end; what it throws comes out.
  void run(awaitable<void> coroutine) {
    bool ended = false;
    std::exception_ptr failure;
    asio::co_spawn(callers, std::move(coroutine), [&](std::exception_ptr thrown) {
      ended = true;
      failure = thrown;
    });
    settle();
    CHECK(ended);
    if (failure) std::rethrow_exception(failure);
  }
};

}  // namespace

TEST_CASE("a coroutine awaits the default token, use_awaitable and as_tuple") {
  coroutine_world world;
  world.run([](auto& batcher) -> awaitable<void> {
    CHECK(co_await batcher.async_submit(1, asio::deferred) == 2);
    CHECK(co_await batcher.async_submit(2, use_awaitable) == 4);
    CHECK(co_await batcher.async_submit(3) == 6);
    auto [why, result] = co_await batcher.async_submit(4, asio::as_tuple(asio::deferred));
    CHECK(!why);
    CHECK(result == 8);
    CHECK(co_await batcher.async_submit_many(ints(2, 5)) == ints(2, 10));
    co_await batcher.async_drain();
  }(world.eager));
}

TEST_CASE("braced submit_options are safe inside a co_await") {
  coroutine_world world;
  world.run([](auto& batcher) -> awaitable<void> {
    CHECK(co_await batcher.async_submit(1, {.deadline = 50ms}) == 2);
    auto [why, result] = co_await batcher.async_submit(2, {.deadline = 0ms}, asio::as_tuple(asio::deferred));
    CHECK(why == error::expired);
    CHECK(result == 0);
    boost::system::error_code code;
    co_await batcher.async_submit_many(ints(1, 3), {.deadline = -1s},
                                       asio::redirect_error(use_awaitable, code));
    CHECK(code == error::expired);
  }(world.eager));
}

TEST_CASE("a request that fails throws its error into the coroutine") {
  coroutine_world world;
  world.eager.close();
  world.run([](auto& batcher) -> awaitable<void> {
    try {
      co_await batcher.async_submit(1);
      FAIL("no exception");
    } catch (const boost::system::system_error& thrown) {
      CHECK(thrown.code() == error::shut_down);
    }
  }(world.eager));
}

TEST_CASE("requests of several coroutines share a batch") {
  coroutine_world world;
  int ended = 0;
  for (int i = 0; i < 5; ++i)
    asio::co_spawn(
        world.callers,
        [](auto& batcher, int input) -> awaitable<int> { co_return co_await batcher.async_submit(input); }(
                                         world.eager, i),
        [&, i](std::exception_ptr failure, int result) {
          CHECK(!failure);
          CHECK(result == 2 * i);
          ++ended;
        });
  world.settle();
  CHECK(ended == 5);
  CHECK(world.eager.stats().batches == 1);
}

TEST_CASE("of two requests joined by || the first to end wins and the other is cancelled") {
  using namespace asio::experimental::awaitable_operators;
  coroutine_world world;
  world.run([](auto& slow, auto& fast) -> awaitable<void> {
    const auto first = co_await (slow.async_submit(1, use_awaitable) || fast.async_submit(2, use_awaitable));
    CHECK(first.index() == 1);
    CHECK(std::get<1>(first) == 4);
  }(world.patient, world.eager));
  CHECK(world.patient.stats().cancelled == 1);
  CHECK(world.idle());
}

TEST_CASE("two requests joined by && both end") {
  using namespace asio::experimental::awaitable_operators;
  coroutine_world world;
  world.run([](auto& batcher) -> awaitable<void> {
    const auto [a, b] =
        co_await (batcher.async_submit(1, use_awaitable) && batcher.async_submit(2, use_awaitable));
    CHECK(a == 2);
    CHECK(b == 4);
  }(world.eager));
}

TEST_CASE("a coroutine that is cancelled gives its request up") {
  coroutine_world world;
  asio::cancellation_signal signal;
  boost::system::error_code result;
  asio::co_spawn(
      world.callers,
      [](auto& batcher) -> awaitable<int> { co_return co_await batcher.async_submit(1); }(world.patient),
      asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr failure, int) {
        try {
          std::rethrow_exception(failure);
        } catch (const boost::system::system_error& thrown) {
          result = thrown.code();
        }
      }));
  world.settle();
  CHECK(world.patient.stats().queued == 1);
  signal.emit(asio::cancellation_type::terminal);
  world.settle();
  CHECK(result == asio::error::operation_aborted);
  CHECK(world.patient.stats().cancelled == 1);
}

TEST_CASE("B21: a coroutine that waits when its context is destroyed is destroyed with it") {
  const auto alive = std::make_shared<int>(0);
  {
    coroutine_world world;
    asio::co_spawn(
        world.callers,
        [](auto& batcher, std::shared_ptr<int>) -> awaitable<void> { co_await batcher.async_submit(1); }(
                                                    world.patient, alive),
        [](std::exception_ptr) {});
    virtual_world::run_ready(world.callers);
    CHECK(alive.use_count() > 1);
  }
  CHECK(alive.use_count() == 1);
}

#if BOOST_VERSION >= 108600
TEST_CASE("cancel_after gives a request up, with any token that awaits") {
  asio::io_context io;
  carpool::DynamicBatcher<int, int> batcher{io, {.max_queue_delay = 1h}, doubled, carpool::size_or_timeout{}};
  const auto session = [&]() -> awaitable<void> {
    auto [why, result] =
        co_await batcher.async_submit(1, asio::cancel_after(1ms, asio::as_tuple(asio::deferred)));
    CHECK(why == asio::error::operation_aborted);
    auto many = batcher.async_submit_many(ints(2, 1), {.deadline = 2h}, asio::cancel_after(1ms));
    CHECK_THROWS_AS(co_await std::move(many), boost::system::system_error);
    co_await batcher.async_drain(asio::cancel_after(1h));
  };
  bool ended = false;
  asio::co_spawn(io, session(), [&](std::exception_ptr failure) { ended = !failure; });
  io.run();
  CHECK(ended);
  CHECK(batcher.stats().cancelled == 3);
}

TEST_CASE("cancel_after of a future: each gets its result or is told, and no two threads meet over it") {
  asio::io_context io(1);
  auto work = make_work_guard(io);
  std::thread thread([&] { io.run(); });
  int ended = 0;
  {
    carpool::DynamicBatcher<int, int> batcher{io, {}, doubled};
    for (int i = 0; i < 300; ++i) {
      const auto submit = [&] {
        return batcher.async_submit(i, asio::cancel_after(i % 100 * 1us, asio::use_future));
      };
      auto result = asio::post(io, asio::use_future(submit)).get();
      try {
        ended += result.get() == 2 * i;
      } catch (const boost::system::system_error& aborted) {
        ended += aborted.code() == asio::error::operation_aborted;
      }
    }
  }
  CHECK(ended == 300);
  work.reset();
  thread.join();
}
#endif
