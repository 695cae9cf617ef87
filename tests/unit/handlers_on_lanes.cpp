// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Handlers whose executor belongs to no thread are called by the lane that ran their batch.

#include <carpool/dynamic_batcher.hpp>
#include <carpool/error.hpp>
#include <carpool/scheduling/eager.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/error_code.hpp>

#include <support/doctest.hpp>
#if __has_include(<boost/asio/inline_executor.hpp>)
#include <boost/asio/inline_executor.hpp>
#endif
#include <support/gate.hpp>

#include <future>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using carpool::DynamicBatcher;
using carpool::error;

namespace {

std::vector<std::thread::id> thread_ids(std::span<int> inputs) {
  return std::vector<std::thread::id>(inputs.size(), std::this_thread::get_id());
}

template <class Handler>
auto anywhere(Handler handler) {
  return asio::bind_executor(asio::system_executor(), std::move(handler));
}

}  // namespace

TEST_CASE("a handler bound to a system_executor is called on the thread that ran its batch") {
  DynamicBatcher<int, std::thread::id> batcher({.lanes = 2}, thread_ids);
  std::promise<bool> same;
  batcher.async_submit(1, anywhere([&](boost::system::error_code, std::thread::id ran) {
                         same.set_value(ran == std::this_thread::get_id());
                       }));
  CHECK(same.get_future().get());
}

TEST_CASE("so is one of a batcher without threads, and a use_future needs no other thread either") {
  asio::io_context io;
  DynamicBatcher<int, std::thread::id> batcher(io, {.model_executor = io.get_executor()}, thread_ids);
  bool same = false;
  batcher.async_submit(1, anywhere([&](boost::system::error_code, std::thread::id ran) {
                         same = ran == std::this_thread::get_id();
                       }));
  auto future = batcher.async_submit(2, asio::use_future);
  io.run();
  CHECK(same);
  CHECK(future.get() == std::this_thread::get_id());
}

TEST_CASE("a handler bound to a system_executor that was made an any_io_executor is posted as any other") {
  DynamicBatcher<int, std::thread::id> batcher({}, thread_ids);
  std::promise<bool> same;
  batcher.async_submit(1, asio::bind_executor(asio::any_io_executor(asio::system_executor()),
                                              [&](boost::system::error_code, std::thread::id ran) {
                                                same.set_value(ran == std::this_thread::get_id());
                                              }));
  CHECK_FALSE(same.get_future().get());
}

TEST_CASE("one that may be cancelled is called on the batcher's executor, where it can be cancelled") {
  asio::io_context io;
  DynamicBatcher<int, std::thread::id> batcher(io, {}, thread_ids);
  asio::cancellation_signal by_system, by_any, by_refused;
  int called_here = 0;
  const auto counted = [&, here = std::this_thread::get_id()](boost::system::error_code, std::thread::id) {
    called_here += std::this_thread::get_id() == here;
  };
  batcher.async_submit(1, asio::bind_cancellation_slot(by_system.slot(), anywhere(counted)));
  batcher.async_submit(
      2, asio::bind_cancellation_slot(
             by_any.slot(), asio::bind_executor(asio::any_io_executor(asio::system_executor()), counted)));
  io.run();
  batcher.close();
  batcher.async_submit(3, asio::bind_cancellation_slot(by_refused.slot(), anywhere(counted)));
  io.restart();
  io.run();
  CHECK(called_here == 3);
}

#if __has_include(<boost/asio/inline_executor.hpp>)
TEST_CASE(
    "one with an inline_executor, to which nothing can be posted, is called on the batcher's executor") {
  asio::io_context io;
  DynamicBatcher<int, std::thread::id> batcher(io, {}, thread_ids);
  int called_here = 0;
  const auto counted = [&, here = std::this_thread::get_id()](boost::system::error_code, std::thread::id) {
    called_here += std::this_thread::get_id() == here;
  };
  batcher.async_submit(1, asio::bind_executor(asio::inline_executor(), counted));
  io.run();
  batcher.close();
  batcher.async_submit(2, asio::bind_executor(asio::inline_executor(), counted));
  io.restart();
  io.run();
  CHECK(called_here == 2);
}
#endif

TEST_CASE(
    "a request that is refused or given up does not end inside the call that says so, anywhere or not") {
  carpool::test::gate gate;
  DynamicBatcher<int, int> batcher(
      {.max_batch_size = 1, .max_queue_size = 1},
      [&](std::span<int> xs) {
        gate.pass();
        return std::vector<int>(xs.begin(), xs.end());
      },
      carpool::eager{});
  auto running = batcher.async_submit(1, asio::use_future);
  gate.await_arrivals(1);
  const auto here = std::this_thread::get_id();
  std::promise<std::pair<boost::system::error_code, bool>> waiting, refused;
  const auto tell = [here](auto& promise) {
    return anywhere([&promise, here](boost::system::error_code why, int) {
      promise.set_value({why, std::this_thread::get_id() == here});
    });
  };
  batcher.async_submit(2, tell(waiting));
  batcher.async_submit(3, tell(refused));
  CHECK(refused.get_future().get() == std::pair(make_error_code(error::queue_full), false));
  batcher.close();
  CHECK(waiting.get_future().get() == std::pair(make_error_code(error::shut_down), false));
  gate.open();
  CHECK(running.get() == 1);
}

TEST_CASE("handlers on a lane may submit, and the lane goes on with that") {
  DynamicBatcher<int, int> batcher({},
                                   [](std::span<int> xs) { return std::vector<int>(xs.begin(), xs.end()); });
  std::promise<void> done;
  struct countdown {
    DynamicBatcher<int, int>& to;
    std::promise<void>& done;
    void operator()(boost::system::error_code, int left) const {
      if (left == 0) return done.set_value();
      to.async_submit(left - 1, anywhere(*this));
    }
  };
  countdown{batcher, done}({}, 100);
  done.get_future().get();
  CHECK(batcher.stats().succeeded == 100);
}

TEST_CASE("B23: a batcher destroyed by a handler on its own lane") {
  for (const bool with_pool : {false, true}) {
    asio::thread_pool pool(2);
    std::unique_ptr<DynamicBatcher<int, int>> batcher;
    const carpool::options given{.max_batch_size = 1,
                                 .lanes = 2,
                                 .model_executor = with_pool ? pool.get_executor() : asio::any_io_executor()};
    batcher = std::make_unique<DynamicBatcher<int, int>>(
        given, [](std::span<int> xs) { return std::vector<int>(xs.begin(), xs.end()); }, carpool::eager{});
    std::promise<int> result;
    batcher->async_submit(7, anywhere([&](boost::system::error_code, int value) {
                            batcher.reset();
                            result.set_value(value);
                          }));
    CHECK(result.get_future().get() == 7);
    pool.join();
  }
}

TEST_CASE("B21: a handler on a lane may destroy a context, and with it the handlers that belong there") {
  carpool::test::gate gate;
  DynamicBatcher<int, int> batcher({.max_batch_size = 1}, [&](std::span<int> xs) {
    gate.pass();
    return std::vector<int>(xs.begin(), xs.end());
  });
  auto other = std::make_unique<asio::io_context>();
  auto lost = std::make_shared<int>();
  const std::weak_ptr<int> alive = lost;
  std::promise<bool> gone;
  batcher.async_submit(1, anywhere([&](boost::system::error_code, int) {
                         other.reset();
                         gone.set_value(alive.expired());
                       }));
  batcher.async_submit(
      2, asio::bind_executor(*other, [kept = std::move(lost)](boost::system::error_code, int) {}));
  gate.open();
  CHECK(gone.get_future().get());
}
