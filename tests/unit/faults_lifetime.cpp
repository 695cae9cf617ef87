// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Ends of batchers, contexts and handlers at inconvenient moments: each with what must happen.

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/strand.hpp>

#include <support/counting_executor.hpp>
#include <support/doctest.hpp>
#include <support/int_bench.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

using namespace carpool;
using namespace carpool::test;

namespace {

/// A handler that can tell whether it was called or only destroyed.
struct witness {
  std::shared_ptr<int> calls = std::make_shared<int>(0);
  std::weak_ptr<int> alive = calls;

  auto handler() {
    return [calls = std::move(calls)](boost::system::error_code, auto&&...) { ++*calls; };
  }
  [[nodiscard]] bool destroyed() const { return alive.expired(); }
};

/// Destroys the batcher when asked to.
struct doomed_bench : virtual_world {
  recording_model model;
  std::optional<virtual_batcher<int, int>> batcher;
  explicit doomed_bench(options given = {}) {
    batcher.emplace(callers, running_here(std::move(given)), model);
  }

  reply<int> submit(int input) {
    reply<int> result;
    batcher->async_submit(input, result.handler());
    return result;
  }
};

}  // namespace

TEST_CASE("B21: handlers of a stopped context are destroyed with it, uncalled, whatever phase they are in") {
  witness waiting;
  witness running;
  witness drained;
  {
    int_bench bench({.max_batch_size = 1});
    bench.model.during([&] { bench.callers.stop(); });
    bench.batcher.async_submit(1, running.handler());
    bench.batcher.async_submit(2, waiting.handler());
    bench.batcher.async_drain(drained.handler());
    bench.lanes.poll();
    bench.lanes.stop();
  }
  CHECK(waiting.destroyed());
  CHECK(running.destroyed());
  CHECK(drained.destroyed());
}

TEST_CASE(
    "B21: a handler whose own context is destroyed while it waits is destroyed; its mates are untouched") {
  int_bench bench({.max_queue_delay = 5ms}, size_or_timeout{});
  witness lost;
  witness lost_many;
  {
    asio::io_context other;
    bench.batcher.async_submit(1, asio::bind_executor(other, lost.handler()));
    bench.batcher.async_submit_many({2, 3},
                                    asio::bind_executor(asio::make_strand(other), lost_many.handler()));
  }
  CHECK(lost.destroyed());
  CHECK(lost_many.destroyed());
  const auto mate = bench.submit(4);
  bench.advance(5ms);
  CHECK(mate.succeeded_with(40));
  CHECK(bench.model.batches() == batches{{4}});
  CHECK(adds_up(bench.batcher.stats()));
  CHECK(bench.idle());
}

TEST_CASE("B21: a handler whose own context is destroyed while its request runs is destroyed") {
  int_bench bench;
  witness lost;
  auto other = std::make_unique<asio::io_context>();
  bench.model.during([&] { other.reset(); });
  bench.batcher.async_submit(1, asio::bind_executor(*other, lost.handler()));
  const auto mate = bench.submit(2);
  bench.settle();
  CHECK(lost.destroyed());
  CHECK(mate.succeeded_with(20));
  CHECK(adds_up(bench.batcher.stats()));
  CHECK(bench.idle());
}

TEST_CASE("B21: a wait for a drain whose context is destroyed is given up") {
  int_bench bench;
  witness lost;
  auto other = std::make_unique<asio::io_context>();
  bench.model.during([&] {
    bench.batcher.async_drain(asio::bind_executor(*other, lost.handler()));
    other.reset();
  });
  const auto r = bench.submit(1);
  bench.settle();
  CHECK(lost.destroyed());
  CHECK(r.succeeded_with(10));
}

TEST_CASE("B21: a refusal on its way to a context that is destroyed takes its handler along") {
  int_bench bench;
  witness lost;
  {
    asio::io_context other;
    bench.batcher.async_submit(1, {.deadline = 0ms}, asio::bind_executor(other, lost.handler()));
  }
  CHECK(lost.destroyed());
}

TEST_CASE("B21: cancellation after the context of the handler was destroyed finds nothing") {
  int_bench bench({.max_queue_delay = 5ms}, size_or_timeout{});
  asio::cancellation_signal signal;
  witness lost;
  {
    asio::io_context other;
    bench.batcher.async_submit(
        1, asio::bind_executor(other, asio::bind_cancellation_slot(signal.slot(), lost.handler())));
  }
  CHECK(lost.destroyed());
  CHECK(bench.idle());
}

TEST_CASE("B21: when the model executor drops its work the batcher shuts down and its callers hear of it") {
  virtual_world world;
  auto lanes = std::make_unique<asio::io_context>();
  virtual_batcher<int, int> batcher(world.callers, {.model_executor = lanes->get_executor()},
                                    recording_model{});
  reply<int> r;
  batcher.async_submit(1, r.handler());
  lanes.reset();
  world.settle();
  CHECK(r.failed_with(error::shut_down));
  CHECK(adds_up(batcher.stats()));
}

TEST_CASE("B21: so it does when the model executor cannot take its work, and nothing is thrown at callers") {
  virtual_world world;
  counting_executor lanes(world.lanes);
  virtual_batcher<int, int> batcher(world.callers, {.model_executor = lanes}, recording_model{});
  lanes.starve(1);
  reply<int> r;
  batcher.async_submit(1, r.handler());
  world.settle();
  CHECK(r.failed_with(error::shut_down));
  CHECK(adds_up(batcher.stats()));
}

TEST_CASE("B21: so do those who wait for a reload") {
  virtual_world world;
  auto lanes = std::make_unique<asio::io_context>();
  virtual_batcher<int, int> batcher(world.callers, {.model_executor = lanes->get_executor()},
                                    recording_model{});
  std::optional<boost::system::error_code> reloaded;
  batcher.async_reload(recording_model{}, [&](boost::system::error_code why) { reloaded = why; });
  lanes.reset();
  world.settle();
  CHECK(reloaded == error::shut_down);
  CHECK(world.idle());
}

TEST_CASE("B22: the destructor fails who waits with shut_down") {
  doomed_bench bench;
  const auto a = bench.submit(1);
  bool drained = false;
  bench.batcher->async_drain([&](boost::system::error_code why) { drained = !why; });
  bench.batcher.reset();
  CHECK(!a.done());  // never inline
  bench.settle();
  CHECK(a.failed_with(error::shut_down));
  CHECK(drained);
  CHECK(bench.model.batches().empty());
  CHECK(bench.idle());
}

TEST_CASE("B22: completions that are posted when the batcher is destroyed still arrive") {
  doomed_bench bench;
  const auto a = bench.submit(1);
  virtual_world::run_ready(bench.lanes);
  bench.batcher.reset();
  bench.settle();
  CHECK(a.succeeded_with(10));
}

TEST_CASE("B23: a batcher destroyed inside its own functor lets that batch finish and fails the rest") {
  doomed_bench bench({.max_batch_size = 1});
  bench.model.during([&] { bench.batcher.reset(); });
  const auto running = bench.submit(1);
  const auto waiting = bench.submit(2);
  bench.settle();
  CHECK(running.succeeded_with(10));
  CHECK(waiting.failed_with(error::shut_down));
  CHECK(bench.model.batches() == batches{{1}});
  CHECK(bench.idle());
}

TEST_CASE("B23: a batcher destroyed inside its own functor, which then throws, fails that batch with it") {
  doomed_bench bench;
  bench.model.during([&] {
    bench.batcher.reset();
    throw std::runtime_error("last words");
  });
  const auto r = bench.submit(1);
  bench.settle();
  CHECK(r.failed_with(error::model_failed));
}

TEST_CASE("B23: a batcher destroyed inside a completion handler fails who waits; nothing waits for ever") {
  doomed_bench bench({.max_batch_size = 1});
  int calls = 0;
  bench.batcher->async_submit(1, [&](boost::system::error_code, int) {
    ++calls;
    bench.batcher.reset();
  });
  const auto mate = bench.submit(2);
  bench.settle();
  CHECK(calls == 1);
  CHECK(mate.done());
  CHECK(mate.calls() == 1);
  CHECK(bench.idle());
}

TEST_CASE("B23: a batcher destroyed by the completion of its drain") {
  doomed_bench bench;
  const auto r = bench.submit(1);
  bench.batcher->async_drain([&](boost::system::error_code why) {
    CHECK(!why);
    CHECK(r.done());
    bench.batcher.reset();
  });
  bench.settle();
  CHECK(!bench.batcher);
  CHECK(r.succeeded_with(10));
}

TEST_CASE("B23: a batcher destroyed inside a functor while running on the caller's own io_context") {
  virtual_world world;
  recording_model model;
  std::optional<virtual_batcher<int, int>> batcher;
  batcher.emplace(world.callers, options{.model_executor = world.callers.get_executor()}, model);
  model.during([&] { batcher.reset(); });
  reply<int> r;
  batcher->async_submit(1, r.handler());
  world.settle();
  CHECK(r.succeeded_with(10));
  CHECK(world.idle());
}

TEST_CASE("B24: after close a submission fails with shut_down, posted, and nothing runs") {
  int_bench bench;
  bench.batcher.close();
  const auto one = bench.submit(1);
  const auto many = bench.submit_many({2, 3});
  const auto late = bench.submit(4, {.deadline = 0ms});
  CHECK(!one.done());
  bench.settle();
  CHECK(one.failed_with(error::shut_down));
  CHECK(many.failed_with(error::shut_down));
  CHECK(late.failed_with(error::shut_down));
  CHECK(bench.model.batches().empty());
  CHECK(bench.batcher.stats().shut_down == 4);
}

TEST_CASE("close fails who waits and lets a running batch finish") {
  int_bench bench({.max_batch_size = 1});
  bench.model.during([&] { bench.batcher.close(); });
  const auto running = bench.submit(1);
  const auto waiting = bench.submit(2);
  bench.settle();
  CHECK(running.succeeded_with(10));
  CHECK(waiting.failed_with(error::shut_down));
}

TEST_CASE("B25: a request submitted inside a functor is in the next batch") {
  int_bench bench;
  reply<int> inner;
  bench.model.during([&] { inner = bench.submit(2); });
  const auto outer = bench.submit(1);
  bench.settle();
  CHECK(outer.succeeded_with(10));
  CHECK(inner.succeeded_with(20));
  CHECK(bench.model.batches() == batches{{1}, {2}});
}

TEST_CASE("B25: everything but destruction may be called inside a functor") {
  int_bench bench;
  bool drained = false;
  bench.model.during([&] {
    CHECK(bench.batcher.stats().running == 1);
    bench.batcher.async_drain([&](boost::system::error_code) { drained = true; });
    bench.batcher.close();
    bench.batcher.close();
  });
  const auto r = bench.submit(1);
  bench.settle();
  CHECK(r.succeeded_with(10));
  CHECK(drained);
}

TEST_CASE("B26: close and drain may be called any number of times, in any order") {
  int_bench bench;
  int drained = 0;
  const auto count = [&](boost::system::error_code why) { drained += !why; };
  const auto r = bench.submit(1);
  bench.batcher.async_drain(count);
  bench.batcher.async_drain(count);
  bench.settle();
  CHECK(drained == 2);
  CHECK(r.succeeded_with(10));
  bench.batcher.close();
  bench.batcher.async_drain(count);
  CHECK(drained == 2);  // never inline
  bench.settle();
  CHECK(drained == 3);
  bench.batcher.close();
  bench.settle();
  CHECK(bench.idle());
}

TEST_CASE("a drain finishes what was admitted, refuses the rest and does not wait for company") {
  int_bench bench({.max_batch_size = 8, .max_queue_delay = 1h}, size_or_timeout{});
  const auto before = bench.submit(1);
  bool drained = false;
  bench.batcher.async_drain([&](boost::system::error_code why) {
    CHECK(!why);
    CHECK(before.done());
    drained = true;
  });
  const auto after = bench.submit(2);
  bench.settle();
  CHECK(drained);
  CHECK(before.succeeded_with(10));
  CHECK(after.failed_with(error::shut_down));
  CHECK(bench.batcher.stats().departed(departure::drain) == 1);
  CHECK(bench.idle());
}

TEST_CASE("a drain that is cancelled completes with operation_aborted, alone") {
  int_bench bench;
  asio::cancellation_signal signal;
  boost::system::error_code first;
  boost::system::error_code second = asio::error::would_block;
  bench.model.during([&] {
    bench.batcher.async_drain(
        asio::bind_cancellation_slot(signal.slot(), [&](boost::system::error_code why) { first = why; }));
    bench.batcher.async_drain([&](boost::system::error_code why) { second = why; });
    signal.emit(asio::cancellation_type::terminal);
    virtual_world::run_ready(bench.callers);
    CHECK(first == asio::error::operation_aborted);
    CHECK(second == asio::error::would_block);
  });
  bench.submit(1);
  bench.settle();
  CHECK(!second);
}

TEST_CASE("B34: a handler that throws reaches the caller of run; its mates and the batcher go on") {
  int_bench bench;
  bench.batcher.async_submit(1, [](boost::system::error_code, int) { throw std::runtime_error("handler"); });
  const auto mate = bench.submit(2);
  const auto other = bench.submit(3);
  bench.lanes.poll();
  CHECK_THROWS_WITH(bench.callers.poll(), "handler");
  bench.settle();
  CHECK(mate.succeeded_with(20));
  CHECK(other.succeeded_with(30));
  const auto next = bench.submit(4);
  bench.settle();
  CHECK(next.succeeded_with(40));
  CHECK(bench.idle());
}

TEST_CASE("B34: every handler of a batch may throw, one after the other") {
  int_bench bench;
  for (int i = 0; i < 5; ++i)
    bench.batcher.async_submit(i, [](boost::system::error_code, int result) { throw result; });
  bench.lanes.poll();
  for (int i = 0; i < 5; ++i) {
    int thrown = -1;
    try {
      bench.callers.restart();
      bench.callers.poll();
    } catch (int value) {
      thrown = value;
    }
    CHECK(thrown == 10 * i);
  }
  CHECK(bench.idle());
}
