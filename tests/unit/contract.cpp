// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What every asynchronous operation promises, whatever its outcome: never inline, on the handler's executor,
// with the handler's allocator, few posts; and that an idle batcher is idle.

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>

#include <support/counting_allocator.hpp>
#include <support/counting_executor.hpp>
#include <support/doctest.hpp>
#include <support/int_bench.hpp>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <utility>

using namespace carpool;
using namespace carpool::test;

namespace {

/// Lets requests end in each way that they can.
struct endings {
  static constexpr int count = 10;

  /// The handlers are made by `make()`.
  template <class Make>
  void provoke(int_bench& bench, Make make) {
    bench.while_running([&] {
      bench.batcher.async_submit(1, make());  // succeeds
      bench.batcher.async_submit(2, {.deadline = 0ms}, make());
      bench.batcher.async_submit(3, {.deadline = 5ms}, make());
      bench.batcher.async_submit(4, asio::bind_cancellation_slot(waiting.slot(), make()));
      bench.batcher.async_submit_many(ints(1000, 5), make());  // finds the queue full
      bench.batcher.async_submit_many({}, make());
      waiting.emit(asio::cancellation_type::total);
      manual_clock::advance(5ms);
    });
    bench.model.during([&] { running.emit(asio::cancellation_type::terminal); });
    bench.batcher.async_submit(6, asio::bind_cancellation_slot(running.slot(), make()));
    bench.settle();
    bench.model.during([] { throw 1; });
    bench.batcher.async_submit(7, make());
    bench.settle();
    bench.batcher.async_drain(make());
    bench.batcher.async_submit(8, make());  // shut down
    bench.settle();
  }

  asio::cancellation_signal waiting;  // these outlive the operations
  asio::cancellation_signal running;
};

}  // namespace

TEST_CASE("no handler is called inside the function that starts its operation, whatever the outcome") {
  int_bench bench({.max_queue_size = 8});
  int calls = 0;
  int before = 0;
  const auto starting = [&] {
    before = calls;
    return [&](boost::system::error_code, auto&&...) { ++calls; };
  };
  const auto check = [&] { CHECK(calls == before); };
  asio::cancellation_signal signal;
  bench.while_running([&] {
    bench.batcher.async_submit(1, asio::bind_cancellation_slot(signal.slot(), starting())), check();
    bench.batcher.async_submit(1, {.deadline = -1s}, starting()), check();
    bench.batcher.async_submit_many(ints(100, 1), starting()), check();
    bench.batcher.async_submit_many({}, starting()), check();
    signal.emit(asio::cancellation_type::total), check();
  });
  bench.batcher.async_drain(starting()), check();
  bench.batcher.async_submit(1, starting()), check();
  bench.batcher.close(), check();
  bench.settle();
  CHECK(calls == 6);
}

TEST_CASE("no handler is called inline either when everything runs on one io_context and from its thread") {
  virtual_world world;
  virtual_batcher<int, int> batcher(world.callers, {.model_executor = world.callers.get_executor()},
                                    recording_model{});
  bool inside = false;
  int calls = 0;
  const std::function<void(int)> go = [&](int rounds) {
    inside = true;
    batcher.async_submit(rounds, [&, rounds](boost::system::error_code, int) {
      CHECK(!inside);
      ++calls;
      if (rounds > 1) go(rounds - 1);
    });
    inside = false;
  };
  asio::post(world.callers, [&] { go(5); });
  world.settle();
  CHECK(calls == 5);
}

TEST_CASE("handlers run on their associated executor, whatever the outcome") {
  endings all;
  int_bench bench({.max_queue_size = 8});
  asio::io_context other;
  const auto strand = asio::make_strand(other);
  int calls = 0;
  all.provoke(bench, [&] {
    return asio::bind_executor(strand, [&](boost::system::error_code, auto&&...) {
      CHECK(strand.running_in_this_thread());
      ++calls;
    });
  });
  CHECK(calls == 0);
  other.poll();
  CHECK(calls == endings::count);
}

TEST_CASE("handlers without an executor run on the batcher's, whatever the outcome") {
  endings all;
  int_bench bench({.max_queue_size = 8});
  int calls = 0;
  all.provoke(bench, [&] {
    return [&](boost::system::error_code, auto&&...) {
      CHECK(bench.callers.get_executor().running_in_this_thread());
      CHECK(!bench.lanes.get_executor().running_in_this_thread());
      ++calls;
    };
  });
  CHECK(calls == endings::count);
}

TEST_CASE("an operation lives in memory of its handler's allocator, freed before the handler is called") {
  endings all;
  int_bench bench({.max_queue_size = 8});
  allocation_counts counts;
  int calls = 0;
  all.provoke(bench, [&] {
    return asio::bind_allocator(counting_allocator<void>(counts),
                                [&](boost::system::error_code, auto&&...) { ++calls; });
  });
  CHECK(calls == endings::count);
  CHECK(counts.allocated > 0);
  CHECK(counts.freed == counts.allocated);
  bench.batcher.close();

  int_bench fresh;
  counts = {};
  fresh.batcher.async_submit(
      1, asio::bind_allocator(counting_allocator<void>(counts), [&](boost::system::error_code, int) {
        CHECK(counts.allocated == 1);
        CHECK(counts.freed == 1);
      }));
  CHECK(counts.allocated == 1);
  fresh.settle();
}

TEST_CASE("the pending operations keep the io_context of their handler from running dry") {
  int_bench bench;
  asio::io_context other;
  int calls = 0;
  bench.batcher.async_submit(1, asio::bind_executor(other, [&](boost::system::error_code, int) { ++calls; }));
  other.poll();
  CHECK(!other.stopped());
  bench.settle();
  other.poll();
  CHECK(other.stopped());
  CHECK(calls == 1);
}

TEST_CASE("the pending operations keep the batcher's own context from running dry, and nothing else does") {
  int_bench bench;
  const auto runs_dry = [&] { return bench.is_dry(bench.callers); };
  CHECK(runs_dry());
  for (int round = 0; round < 2; ++round) {
    auto r = bench.submit(1);
    CHECK(!runs_dry());
    bench.settle();
    CHECK(r.done());
    CHECK(runs_dry());
  }
  asio::cancellation_signal signal;
  bench.while_running([&] {
    bench.batcher.async_drain(asio::bind_cancellation_slot(signal.slot(), [](boost::system::error_code) {}));
    CHECK(!runs_dry());
  });
  bench.submit(1);  // refused
  bench.settle();
  CHECK(runs_dry());
}

TEST_CASE("nothing that is done and over before the io_context is run makes its first run end at once") {
  const auto runs_afterwards = [](options given, auto act) {
    int_bench bench(std::move(given));
    act(bench.batcher);
    virtual_world::run_ready(bench.lanes);
    bool ran = false;
    asio::post(bench.callers, [&ran] { ran = true; });
    bench.callers.poll();  // without restart()
    return ran;
  };
  using batcher = virtual_batcher<int, int>;
  const auto elsewhere = [](auto... types) {
    return asio::bind_executor(asio::system_executor(), [](boost::system::error_code, decltype(types)...) {});
  };
  const auto throwing = [](std::uint64_t) -> double { throw std::runtime_error("no weight"); };
  CHECK(runs_afterwards({}, [](batcher& b) { CHECK(b.stats().submitted == 0); }));
  CHECK(runs_afterwards({}, [](batcher& b) { b.set_policy(eager{}); }));
  CHECK(runs_afterwards({}, [](batcher& b) { CHECK_THROWS(b.reconfigure({})); }));
  CHECK(runs_afterwards({}, [](batcher& b) { b.close(); }));
  CHECK(runs_afterwards({}, [&](batcher& b) { b.async_drain(elsewhere()); }));
  CHECK(runs_afterwards({}, [&](batcher& b) { b.async_reload(recording_model(), elsewhere()); }));
  CHECK(runs_afterwards({}, [&](batcher& b) { b.async_submit(1, elsewhere(0)); }));
  CHECK(runs_afterwards({}, [&](batcher& b) { b.async_submit(1, {.deadline = 0ms}, elsewhere(0)); }));
  CHECK(runs_afterwards({.fair_sharing = true, .key_weight = throwing},
                        [&](batcher& b) { CHECK_THROWS(b.async_submit(1, elsewhere(0))); }));
  CHECK(runs_afterwards({}, [&](batcher& b) {
    b.async_submit(1, elsewhere(0));
    b.close();
    b.async_submit(1, elsewhere(0));
  }));
}

TEST_CASE("bounds may change before the io_context is run, which runs all the same") {
  int_bench bench;
  bench.batcher.reconfigure(bench.running_here({.max_batch_size = 2}));
  const auto r = bench.submit(1);
  virtual_world::run_ready(bench.lanes);
  bench.callers.run();  // without restart()
  CHECK(r.succeeded_with(10));
}

TEST_CASE("a batch costs one post per executor of its handlers") {
  int_bench bench;
  const counting_executor first(bench.callers);
  const counting_executor second(bench.callers);
  int calls = 0;
  for (int i = 0; i < 12; ++i)
    bench.batcher.async_submit(i, asio::bind_executor(i % 3 == 0 ? first : second,
                                                      [&](boost::system::error_code, int) { ++calls; }));
  bench.settle();
  CHECK(calls == 12);
  CHECK(bench.model.batches().size() == 1);
  CHECK(first.posts() == 1);
  CHECK(second.posts() == 1);
}

TEST_CASE("of a batch with very many executors everybody is called") {
  int_bench bench;
  int calls = 0;
  std::vector<counting_executor> executors(20, counting_executor(bench.callers));
  for (auto& executor : executors) executor = counting_executor(bench.callers);
  for (int round = 0; round < 2; ++round)
    for (const auto& executor : executors)
      bench.batcher.async_submit(
          1, asio::bind_executor(executor, [&](boost::system::error_code, int) { ++calls; }));
  bench.settle();
  CHECK(calls == 40);
}

TEST_CASE("handlers of one executor are called in the order in which their requests were submitted") {
  int_bench bench({.max_batch_size = 3});
  ints order;
  for (int i = 0; i < 10; ++i)
    bench.batcher.async_submit(i, [&](boost::system::error_code, int result) { order.push_back(result); });
  bench.settle();
  CHECK(order == ints{0, 10, 20, 30, 40, 50, 60, 70, 80, 90});
}

TEST_CASE("an idle batcher has no armed timer and nothing pending, before, between and after requests") {
  int_bench bench({.max_batch_size = 8, .max_queue_delay = 5ms, .default_deadline = 1h}, size_or_timeout{});
  CHECK(bench.idle());
  for (int round = 0; round < 3; ++round) {
    const auto r = bench.submit(1);
    CHECK(manual_clock::armed_timers() == 1);
    CHECK(!bench.idle());
    bench.advance(5ms);
    CHECK(r.done());
    CHECK(bench.idle());
  }
  bench.submit_many(ints(8, 1));
  CHECK(bench.idle());
}

TEST_CASE("the timer stays set until the handlers have shown that nobody comes back") {
  int_bench bench({.max_batch_size = 8}, eager{});
  const auto submit = [&](auto handler) { bench.batcher.async_submit(1, {.deadline = 1h}, handler); };
  const std::size_t before = manual_clock::armings();
  std::size_t armed = 0;
  submit([&](auto...) {
    armed = manual_clock::armed_timers();
    submit([](auto...) {});
  });
  bench.settle();
  CHECK(armed == 1);
  CHECK(manual_clock::armings() == before + 1);
  CHECK(bench.idle());

  submit([](auto...) { throw std::runtime_error("a handler that throws"); });
  CHECK_THROWS_AS(bench.settle(), std::runtime_error);
  bench.settle();
  CHECK(bench.idle());
}

TEST_CASE("the timer is set once for a batch that gathers, not for each of its requests") {
  int_bench bench({.max_batch_size = 8, .max_queue_delay = 5ms}, size_or_timeout{});
  const auto due = manual_clock::now() + 5ms;
  for (int i = 0; i < 7; ++i) {
    bench.submit(i);
    CHECK(manual_clock::next_expiry() == due);
    bench.advance(500us);
  }
}

TEST_CASE("an eager batcher without deadlines never sets a timer") {
  int_bench bench;
  for (int i = 0; i < 5; ++i) {
    bench.submit(i);
    CHECK(manual_clock::armed_timers() == 0);
  }
  bench.settle();
  CHECK(manual_clock::armed_timers() == 0);
}

TEST_CASE("stats tell what happened: times, sizes, reasons") {
  int_bench bench({.max_batch_size = 2, .max_queue_delay = 5ms, .lanes = 2}, size_or_timeout{});
  CHECK(bench.batcher.stats().lanes == 2);
  bench.submit(1);
  bench.advance(2ms);
  CHECK(bench.batcher.stats().queued == 1);
  CHECK(bench.batcher.stats().oldest_age == 2ms);
  bench.model.during([&] {
    CHECK(bench.batcher.stats().busy_lanes == 1);
    CHECK(bench.batcher.stats().running == 2);
    manual_clock::advance(7ms);
  });
  bench.submit(2);
  bench.settle();
  const stats s = bench.batcher.stats();
  CHECK(adds_up(s));
  CHECK(s.succeeded == 2);
  CHECK(s.batches == 1);
  CHECK(s.departed(departure::full) == 1);
  CHECK(s.batch_size.sum() == 2);
  CHECK(s.queue_time.count() == 2);
  CHECK(s.queue_time.sum() == 2'000'000);
  CHECK(s.execution_time.count() == 1);
  CHECK(s.execution_time.sum() == 7'000'000);
  CHECK(s.oldest_age == 0ns);
}
