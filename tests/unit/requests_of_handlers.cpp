// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Requests that handlers submit, which wait for each other until the handlers called in one go have returned:
// for everybody else they are like any other.

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <support/counting_executor.hpp>
#include <support/doctest.hpp>
#include <support/gate.hpp>
#include <support/int_bench.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace carpool;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

/// Completes a request with a handler that does this.
void in_a_handler(int_bench& bench, std::function<void()> what) {
  bench.batcher.async_submit(0, [what = std::move(what)](boost::system::error_code, int) { what(); });
  bench.settle();
}

}  // namespace

TEST_CASE("requests that handlers submit in one go wake the lane once, when all handlers have returned") {
  virtual_world world;
  const counting_executor turns(world.lanes);
  virtual_batcher<int, int> batcher(world.callers, {.model_executor = turns}, recording_model{}, eager{});
  std::vector<std::size_t> seen;
  reply<int> last;
  for (int i = 0; i < 5; ++i)
    batcher.async_submit(i, [&, i](boost::system::error_code, int) {
      batcher.async_submit(i, last.handler());
      seen.push_back(turns.posts());
    });
  world.settle();
  CHECK(seen == std::vector<std::size_t>(5, 1));
  CHECK(turns.posts() == 2);
  CHECK(last.calls() == 5);
}

TEST_CASE("as many as a batch holds do not wait for the other handlers") {
  virtual_world world;
  const counting_executor turns(world.lanes);
  virtual_batcher<int, int> batcher(world.callers, {.max_batch_size = 4, .model_executor = turns},
                                    recording_model{}, eager{});
  reply<int> r;
  batcher.async_submit(0, [&](boost::system::error_code, int) {
    for (int i = 0; i < 3; ++i) batcher.async_submit(i, r.handler());
    CHECK(turns.posts() == 1);
    batcher.async_submit(3, r.handler());
    CHECK(turns.posts() == 2);
  });
  world.settle();
  CHECK(r.calls() == 4);
}

TEST_CASE("B34: a handler that throws does not keep the requests of others from leaving") {
  int_bench bench;
  reply<int> r;
  bench.batcher.async_submit(
      1, [&](boost::system::error_code, int) { bench.batcher.async_submit(2, r.handler()); });
  bench.batcher.async_submit(1, [](boost::system::error_code, int) { throw std::runtime_error("handler"); });
  CHECK_THROWS(bench.settle());
  bench.settle();
  CHECK(r.succeeded_with(20));
}

TEST_CASE("B12: requests of handlers count at once, and a full queue refuses them") {
  int_bench bench({.max_queue_size = 2});
  std::vector<reply<int>> replies(5);
  in_a_handler(bench, [&] {
    for (auto& each : replies) bench.batcher.async_submit(1, each.handler());
    CHECK(bench.batcher.stats().queued == 2);
    CHECK(bench.batcher.stats().rejected == 3);
  });
  int succeeded = 0;
  for (const auto& each : replies) succeeded += each.succeeded_with(10);
  CHECK(succeeded == 2);
  for (std::size_t i = 2; i < 5; ++i) CHECK(replies[i].failed_with(error::queue_full));
  CHECK(adds_up(bench.batcher.stats()));
}

TEST_CASE("a request can be cancelled in the handler that submitted it") {
  int_bench bench;
  asio::cancellation_signal signal;
  reply<int> r;
  in_a_handler(bench, [&] {
    r = bench.submit(1, signal);
    signal.emit(asio::cancellation_type::total);
  });
  CHECK(r.failed_with(asio::error::operation_aborted));
}

TEST_CASE("B17, B18: a request can be cancelled on its strand before the handler that submitted it returns") {
  asio::thread_pool pool(2);
  asio::cancellation_signal signal;
  gate model;
  std::promise<boost::system::error_code> why;
  const auto slow = [&](std::span<const int> inputs) {
    if (inputs[0] == 2) model.pass();
    return ints(inputs.begin(), inputs.end());
  };
  DynamicBatcher<int, int> batcher{pool, {}, slow, eager{}};
  const auto strand = asio::make_strand(pool);
  batcher.async_submit(1, [&](boost::system::error_code, int) {
    const auto note = [&](boost::system::error_code ended, int) { why.set_value(ended); };
    batcher.async_submit(2, asio::bind_executor(strand, asio::bind_cancellation_slot(signal.slot(), note)));
    std::promise<void> cancelled;
    asio::post(strand, [&] {
      signal.emit(asio::cancellation_type::terminal);
      cancelled.set_value();
    });
    cancelled.get_future().wait();
  });
  auto told = why.get_future();
  CHECK(told.wait_for(10s) == std::future_status::ready);
  model.open();
  CHECK(told.get() == asio::error::operation_aborted);
}

TEST_CASE("close, drain and destruction in the same handler find its request") {
  reply<int> r;
  SUBCASE("close") {
    int_bench bench;
    in_a_handler(bench, [&] {
      r = bench.submit(1);
      bench.batcher.close();
    });
    CHECK(r.failed_with(error::shut_down));
  }
  SUBCASE("drain") {
    int_bench bench;
    bool drained = false;
    in_a_handler(bench, [&] {
      r = bench.submit(1);
      bench.batcher.async_drain([&](boost::system::error_code) { drained = r.done(); });
    });
    CHECK(r.succeeded_with(10));
    CHECK(drained);
  }
  SUBCASE("destruction") {
    virtual_world world;
    auto batcher = std::make_unique<virtual_batcher<int, int>>(world.callers, world.running_here(),
                                                               recording_model{}, eager{});
    batcher->async_submit(1, [&](boost::system::error_code, int) {
      batcher->async_submit(2, r.handler());
      batcher.reset();
    });
    world.settle();
    CHECK(r.failed_with(error::shut_down));
  }
}

TEST_CASE("another thread may destroy the batcher before the handler that has submitted to it returns") {
  asio::io_context other;
  auto batcher = std::make_unique<DynamicBatcher<int, int>>(
      options{}, [](std::span<int> inputs) { return inputs; }, eager{});
  reply<int> r;
  batcher->async_submit(1, asio::bind_executor(other, [&](boost::system::error_code, int) {
                          batcher->async_submit(2, asio::bind_executor(other, r.handler()));
                          std::thread([&] { batcher.reset(); }).join();
                        }));
  other.run();
  CHECK(r.failed_with(error::shut_down));
}

TEST_CASE("a deadline that passes while the handlers run is noticed when they have returned") {
  int_bench bench;
  reply<int> r;
  in_a_handler(bench, [&] {
    r = bench.submit(1, {.deadline = manual_clock::now() + 1ms});
    manual_clock::advance(2ms);
  });
  CHECK(r.failed_with(error::expired));
  CHECK(bench.model.batches() == batches{{0}});
}

TEST_CASE(
    "requests of handlers that are called in one go arrive when all have returned, and have all their time") {
  int_bench bench;
  std::vector<reply<int>> replies;
  const auto slow = [&](boost::system::error_code, int) {
    replies.push_back(bench.submit(1, {.deadline = 1ms}));
    manual_clock::advance(2ms);
  };
  bench.batcher.async_submit(1, slow);
  bench.batcher.async_submit(1, slow);
  bench.settle();
  for (const auto& each : replies) CHECK(each.succeeded_with(10));
  CHECK(bench.batcher.stats().queue_time.sum() == 0);
}

TEST_CASE("a duration that is over at once is refused in a handler, too") {
  int_bench bench;
  reply<int> r;
  in_a_handler(bench, [&] { r = bench.submit(1, {.deadline = 0ms}); });
  CHECK(r.failed_with(error::expired));
}

TEST_CASE("a handler may wait for a request whose handler belongs to another context") {
  DynamicBatcher<int, int> batcher{{}, [](std::span<int> inputs) { return inputs; }, eager{}};
  std::promise<int> result;
  batcher.async_submit(1, [&](boost::system::error_code, int) {
    batcher.async_submit(2, [](boost::system::error_code, int) {});
    result.set_value(batcher.async_submit(3, asio::use_future).get());
  });
  CHECK(result.get_future().get() == 3);
}

TEST_CASE("handlers on a context of their own gather their requests as well") {
  virtual_world world;
  asio::io_context other;
  const counting_executor turns(world.lanes);
  virtual_batcher<int, int> batcher(world.callers, {.model_executor = turns}, recording_model{}, eager{});
  int calls = 0;
  std::vector<std::size_t> seen;
  std::function<void(int)> submit = [&](int left) {
    batcher.async_submit(left, asio::bind_executor(other, [&, left](boost::system::error_code, int) {
                           ++calls;
                           if (left > 0) submit(left - 1);
                           seen.push_back(turns.posts());
                         }));
  };
  for (int i = 0; i < 3; ++i) submit(1);
  for (int i = 0; i < 2; ++i) {
    world.settle();
    other.restart();
    other.poll();
  }
  CHECK(calls == 6);
  CHECK(seen == std::vector<std::size_t>{1, 1, 1, 2, 2, 2});
}
