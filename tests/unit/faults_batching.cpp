// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Faults and odd inputs round forming and running a batch: each with what must happen.

#include <boost/system/system_error.hpp>

#include <support/doctest.hpp>
#include <support/int_bench.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

using namespace carpool;
using namespace carpool::test;

TEST_CASE("B1: one request, then silence: it leaves at max_queue_delay, not earlier and not later") {
  int_bench bench({.max_batch_size = 8, .max_queue_delay = 5ms}, size_or_timeout{});
  const auto r = bench.submit(1);
  bench.advance(5ms - 1ns);
  CHECK(bench.model.batches().empty());
  bench.advance(1ns);
  CHECK(r.succeeded_with(10));
  CHECK(bench.batcher.stats().queue_time.sum() == 5'000'000);
  CHECK(bench.batcher.stats().departed(departure::timeout) == 1);
  CHECK(bench.idle());
}

TEST_CASE("B1: the delay counts from the arrival of the oldest, also when a lane was busy meanwhile") {
  int_bench bench({.max_batch_size = 8, .max_queue_delay = 5ms}, size_or_timeout{8, 5ms});
  reply<int> early;
  reply<int> late;
  bench.model.during([&] {
    early = bench.submit(1);
    manual_clock::advance(3ms);  // the run takes 3 ms
  });
  bench.submit(0);
  bench.advance(5ms);  // the first batch starts here
  CHECK(!early.done());
  bench.advance(2ms - 1ns);
  CHECK(!early.done());
  bench.advance(1ns);
  CHECK(early.succeeded_with(10));
}

TEST_CASE("B2: with max_queue_delay = 0 a batch runs at once and takes only what waits") {
  int_bench bench({.max_batch_size = 8, .max_queue_delay = 0ms}, size_or_timeout{});
  const auto a = bench.submit(1);
  const auto b = bench.submit(2);
  bench.settle();
  const auto c = bench.submit(3);
  bench.settle();
  CHECK(bench.model.batches() == batches{{1, 2}, {3}});
  CHECK(c.succeeded_with(30));
  CHECK(manual_clock::armed_timers() == 0);
}

TEST_CASE("B3: max_batch_size = 1 passes every request through by itself") {
  int_bench bench({.max_batch_size = 1}, size_or_timeout{});
  const auto many = bench.submit_many({1, 2, 3});
  bench.settle();
  CHECK(bench.model.batches() == batches{{1}, {2}, {3}});
  CHECK(many.succeeded_with({10, 20, 30}));
  CHECK(bench.batcher.stats().departed(departure::full) == 3);
}

TEST_CASE("B3: a huge max_batch_size allocates nothing in advance") {
  const auto huge = std::numeric_limits<std::size_t>::max();
  int_bench bench({.max_batch_size = huge, .max_queue_size = huge});
  const auto r = bench.submit(1);
  bench.settle();
  CHECK(r.succeeded_with(10));
}

TEST_CASE("B3: max_batch_size = 0 is refused by the constructor") {
  CHECK_THROWS_AS(int_bench({.max_batch_size = 0}), std::invalid_argument);
}

TEST_CASE("B4: of max + 1 requests that arrive together, max leave and the rest waits for its own time") {
  int_bench bench({.max_batch_size = 3, .max_queue_delay = 5ms}, size_or_timeout{});
  const auto first = bench.submit_many({1, 2, 3});
  bench.advance(1ms);
  CHECK(first.done());
  bench.submit(4);
  bench.submit(5);
  bench.submit(6);
  const auto rest = bench.submit(7);
  bench.settle();
  CHECK(bench.model.batches() == batches{{1, 2, 3}, {4, 5, 6}});
  bench.advance(5ms - 1ns);
  CHECK(!rest.done());
  bench.advance(1ns);
  CHECK(rest.succeeded_with(70));
  CHECK(bench.batcher.stats().departed(departure::full) == 2);
  CHECK(bench.batcher.stats().departed(departure::timeout) == 1);
}

TEST_CASE("B5: a timer that fires while the batch leaves as full causes no empty and no second batch") {
  int_bench bench({.max_batch_size = 2, .max_queue_delay = 5ms}, size_or_timeout{});
  bench.submit(1);
  bench.submit(2);             // full: the lane's turn is posted
  manual_clock::advance(5ms);  // and the wake-up of the first one's arrival too
  bench.settle();
  CHECK(bench.model.batches() == batches{{1, 2}});
  CHECK(bench.batcher.stats().batches == 1);
  CHECK(bench.idle());
}

TEST_CASE("B5: a batch that fills after its timer has fired, but before the lane looks, leaves once") {
  int_bench bench({.max_batch_size = 2, .max_queue_delay = 5ms}, size_or_timeout{});
  bench.submit(1);
  manual_clock::advance(5ms);
  virtual_world::run_ready(bench.callers);  // the timer wakes the lane
  bench.submit(2);
  bench.settle();
  CHECK(bench.model.batches() == batches{{1, 2}});
  CHECK(bench.batcher.stats().departed(departure::full) == 1);
  CHECK(bench.idle());
}

TEST_CASE(
    "B6: an exception of the model reaches every caller of that batch and the hook; the next batch is fine") {
  std::vector<std::string> reported;
  int_bench bench({.isolate_failures = false, .on_batch_error = [&](std::exception_ptr failure) {
                     try {
                       std::rethrow_exception(failure);
                     } catch (const std::exception& thrown) {
                       reported.emplace_back(thrown.what());
                     } catch (int number) {
                       reported.push_back("int " + std::to_string(number));
                     }
                   }});
  const auto fails_with = [&](auto thrown, boost::system::error_code expected) {
    bench.model.during([&] { throw thrown; });
    const auto a = bench.submit(1);
    const auto b = bench.submit_many({2, 3});
    bench.settle();
    CHECK(a.failed_with(expected));
    CHECK(b.failed_with(expected));
    CHECK(b.value().empty());
    const auto next = bench.submit(4);
    bench.settle();
    CHECK(next.succeeded_with(40));
  };
  fails_with(std::runtime_error("no such kernel"), error::model_failed);
  fails_with(42, error::model_failed);
  fails_with(boost::system::system_error(asio::error::host_unreachable), asio::error::host_unreachable);
  fails_with(boost::system::system_error(boost::system::error_code{}), error::model_failed);
  REQUIRE(reported.size() == 4);
  CHECK(reported[0] == "no such kernel");
  CHECK(reported[1] == "int 42");
  CHECK(bench.batcher.stats().failed == 12);
  CHECK(bench.batcher.stats().succeeded == 4);
}

TEST_CASE("B6: a hook that throws hurts nobody") {
  int_bench bench({.on_batch_error = [](std::exception_ptr) { throw std::runtime_error("hook"); }});
  bench.model.during([] { throw std::runtime_error("model"); });
  const auto a = bench.submit(1);
  bench.settle();
  CHECK(a.failed_with(error::model_failed));
}

TEST_CASE(
    "B7: fewer, more or no results fail the batch as result_count_mismatch, and the hook hears how many") {
  for (const std::size_t returned : {0u, 1u, 3u, 1000u}) {
    virtual_world world;
    std::string reported;
    std::size_t count = returned;
    options given = world.running_here();
    given.isolate_failures = false;
    given.on_batch_error = [&](std::exception_ptr failure) {
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception& thrown) {
        reported = thrown.what();
      }
    };
    virtual_batcher<int, int> batcher(world.callers, given, [&](std::span<int>) { return ints(count, 5); });
    reply<int> a;
    reply<int> b;
    batcher.async_submit(1, a.handler());
    batcher.async_submit(2, b.handler());
    world.settle();
    CHECK(a.failed_with(error::result_count_mismatch));
    CHECK(b.failed_with(error::result_count_mismatch));
    CHECK(reported.find("results for 2 requests") != std::string::npos);
    count = 1;
    reply<int> next;
    batcher.async_submit(3, next.handler());
    world.settle();
    CHECK(next.succeeded_with(5));
  }
}

TEST_CASE("B8: NaN and infinity pass through as they are") {
  virtual_world world;
  virtual_batcher<int, double> batcher(world.callers, world.running_here(), [](std::span<int>) {
    return std::vector<double>{std::nan(""), std::numeric_limits<double>::infinity()};
  });
  reply<double> a;
  reply<double> b;
  batcher.async_submit(1, a.handler());
  batcher.async_submit(2, b.handler());
  world.settle();
  CHECK(!a.error());
  CHECK(std::isnan(a.value()));
  CHECK(std::isinf(b.value()));
}

TEST_CASE("B10: an item that fails does not hurt its mates") {
  virtual_world world;
  using item = boost::system::result<int>;
  virtual_batcher<int, int> batcher(
      world.callers, world.running_here(),
      [](std::span<int> inputs) {
        std::vector<item> results;
        for (const int x : inputs)
          results.push_back(x < 0 ? item(asio::error::make_error_code(asio::error::invalid_argument))
                                  : item(x));
        return results;
      },
      eager{});
  reply<int> good;
  reply<int> bad;
  reply<ints> mixed;
  batcher.async_submit(7, good.handler());
  batcher.async_submit(-7, bad.handler());
  batcher.async_submit_many({1, -2, -3, 4}, mixed.handler());
  world.settle();
  CHECK(good.succeeded_with(7));
  CHECK(bad.failed_with(asio::error::invalid_argument));
  CHECK(mixed.failed_with(asio::error::invalid_argument));
  CHECK(batcher.stats().succeeded == 3);
  CHECK(batcher.stats().failed == 3);
  CHECK(batcher.stats().batches == 1);
}

TEST_CASE("B10: of several failed items the first one's error is told, in the order of the inputs") {
  virtual_world world;
  using item = boost::system::result<int>;
  virtual_batcher<int, int> batcher(
      world.callers, world.running_here(),
      [](std::span<int>) {
        return std::vector<item>{item(1), item(make_error_code(error::expired)),
                                 item(asio::error::make_error_code(asio::error::eof))};
      },
      eager{});
  reply<ints> mixed;
  batcher.async_submit_many({1, 2, 3}, mixed.handler());
  world.settle();
  CHECK(mixed.failed_with(error::expired));
}

TEST_CASE("B10: an item that fails with a code that means success has failed nevertheless") {
  virtual_world world;
  using item = boost::system::result<int>;
  virtual_batcher<int, int> batcher(world.callers, world.running_here(), [](std::span<int>) {
    return std::vector<item>{item(boost::system::in_place_error, boost::system::error_code{})};
  });
  reply<int> r;
  batcher.async_submit(1, r.handler());
  world.settle();
  CHECK(r.failed_with(error::model_failed));
}

TEST_CASE("B11: while the model hangs callers leave at their deadline and the queue stays bounded") {
  int_bench bench({.max_queue_size = 2, .default_deadline = 50ms});
  bench.while_running([&] {
    const auto a = bench.submit(1);
    const auto b = bench.submit(2, {.deadline = 10ms});
    const auto c = bench.submit(3);
    virtual_world::run_ready(bench.callers);
    CHECK(c.failed_with(error::queue_full));
    CHECK(!b.done());
    manual_clock::advance(10ms);
    virtual_world::run_ready(bench.callers);
    CHECK(b.failed_with(error::expired));
    CHECK(bench.batcher.stats().busy_lanes == 1);
    CHECK(bench.batcher.stats().oldest_age == 10ms);
    manual_clock::advance(1h);
    virtual_world::run_ready(bench.callers);
    CHECK(a.failed_with(error::expired));
    CHECK(bench.batcher.stats().running == 0);  // its caller has left as well
  });
}

TEST_CASE("B11: the wait for a drain can be cancelled while the model hangs") {
  int_bench bench;
  bench.while_running([&] {
    asio::cancellation_signal impatience;
    int calls = 0;
    boost::system::error_code result;
    bench.batcher.async_drain(
        asio::bind_cancellation_slot(impatience.slot(), [&](boost::system::error_code why) {
          ++calls;
          result = why;
        }));
    virtual_world::run_ready(bench.callers);
    CHECK(calls == 0);
    impatience.emit(asio::cancellation_type::total);
    CHECK(calls == 0);
    virtual_world::run_ready(bench.callers);
    CHECK(calls == 1);
    CHECK(result == asio::error::operation_aborted);
  });
  const auto late = bench.submit(1);
  bench.settle();
  CHECK(late.failed_with(error::shut_down));  // it drains all the same
}

TEST_CASE("B12: a full queue refuses at once, and has room again when requests have left") {
  int_bench bench({.max_batch_size = 2, .max_queue_size = 3});
  reply<int> waiting[3];
  bench.while_running([&] {
    for (int i = 0; i < 3; ++i) waiting[i] = bench.submit(i);
    const auto refused = bench.submit(99);
    CHECK(!refused.done());  // never inline
    virtual_world::run_ready(bench.callers);
    CHECK(refused.failed_with(error::queue_full));
  });
  bench.settle();
  for (int i = 0; i < 3; ++i) CHECK(waiting[i].succeeded_with(10 * i));
  CHECK(bench.batcher.stats().rejected == 1);
  const auto next = bench.submit(5);
  bench.settle();
  CHECK(next.succeeded_with(50));
}

TEST_CASE("B13: a submission of several is admitted whole or not at all") {
  int_bench bench({.max_batch_size = 8, .max_queue_size = 4});
  bench.while_running([&] {
    bench.submit(1);
    const auto four = bench.submit_many({2, 3, 4, 5});
    virtual_world::run_ready(bench.callers);
    CHECK(four.failed_with(error::queue_full));
    CHECK(bench.batcher.stats().queued == 1);
    CHECK(bench.batcher.stats().rejected == 4);
    const auto three = bench.submit_many({6, 7, 8});
    virtual_world::run_ready(bench.callers);
    CHECK(!three.done());
    CHECK(bench.batcher.stats().queued == 4);
  });
  bench.settle();
  CHECK(bench.model.batches().back() == ints{1, 6, 7, 8});
}

TEST_CASE("B13: more than the queue can ever hold is refused, also when it is empty") {
  int_bench bench({.max_queue_size = 2});
  const auto three = bench.submit_many({1, 2, 3});
  bench.settle();
  CHECK(three.failed_with(error::queue_full));
  CHECK(adds_up(bench.batcher.stats()));
}

TEST_CASE("B30: a timer that comes a second late causes one flush and no burst of empty ones") {
  int_bench bench({.max_batch_size = 8, .max_queue_delay = 5ms}, size_or_timeout{});
  const auto a = bench.submit(1);
  const auto b = bench.submit(2);
  bench.oversleep(1s);
  CHECK(bench.model.batches() == batches{{1, 2}});
  CHECK(a.succeeded_with(10));
  CHECK(bench.batcher.stats().batches == 1);
  CHECK(bench.idle());
}

TEST_CASE("B31: with max_queue_delay = duration::max a batch waits for company for ever, without a timer") {
  int_bench bench({.max_batch_size = 2, .max_queue_delay = duration::max()}, size_or_timeout{});
  const auto a = bench.submit(1);
  bench.advance(24h * 365);
  CHECK(!a.done());
  CHECK(manual_clock::armed_timers() == 0);
  bench.submit(2);
  bench.settle();
  CHECK(a.succeeded_with(10));
}

TEST_CASE("B31: a deadline that no clock reaches is none") {
  int_bench bench({.default_deadline = 1ms});
  bench.while_running([&] {
    const auto forever = bench.submit(1, {.deadline = std::chrono::hours::max()});
    const auto none = bench.submit(2, {.deadline = no_deadline});
    manual_clock::advance(24h * 365);
    virtual_world::run_ready(bench.callers);
    CHECK(!forever.done());
    CHECK(!none.done());
  });
}
