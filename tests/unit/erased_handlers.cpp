// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Handlers behind asio::any_completion_handler, as an interface that is no template takes them.

#include <boost/version.hpp>
#if BOOST_VERSION >= 108200

#include <carpool/dynamic_batcher.hpp>
#include <carpool/error.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <support/doctest.hpp>
#include <support/int_bench.hpp>

#include <memory>
#include <new>
#include <optional>
#include <utility>

using namespace carpool;
using namespace carpool::test;

namespace {

using erased = asio::any_completion_handler<void(boost::system::error_code, int)>;

/// Runs this context until nothing is left for it to do.
void run_dry(asio::io_context& io) {
  io.restart();
  io.run();
}

/// An executor that has no memory for what it is given, or takes nothing any more.
struct poor_executor {
  enum class answer { throws, drops };

  template <class Function>
  void execute(Function function) const {
    const Function given = std::move(function);
    if (what == answer::throws) throw std::bad_alloc();
  }
  bool operator==(const poor_executor&) const noexcept = default;

  answer what;
};

}  // namespace

TEST_CASE("a handler behind an any_completion_handler is called by its own executor, whatever the outcome") {
  int_bench bench;
  asio::io_context other;
  auto strand = asio::make_strand(other);
  std::optional<boost::system::error_code> told;
  bool on_strand = false;
  const auto handler = [&] {
    told.reset();
    return erased(asio::bind_executor(strand, [&](boost::system::error_code why, int) {
      told = why;
      on_strand = strand.running_in_this_thread();
    }));
  };
  bench.batcher.async_submit(1, handler());
  bench.settle();
  CHECK_FALSE(told.has_value());
  run_dry(other);
  CHECK(told == boost::system::error_code());
  CHECK(on_strand);
  bench.batcher.async_submit(1, {.deadline = 0ms}, handler());
  bench.settle();
  CHECK_FALSE(told.has_value());
  run_dry(other);
  CHECK(told == make_error_code(error::expired));
  CHECK(on_strand);
}

TEST_CASE("its context does not run dry meanwhile, and one that names none is called by the batcher's") {
  int_bench bench;
  asio::io_context other;
  int called = 0;
  const auto count = [&](boost::system::error_code, int) { ++called; };
  bench.batcher.async_submit(1, erased(asio::bind_executor(other, count)));
  other.poll();
  CHECK_FALSE(other.stopped());
  bench.settle();
  run_dry(other);
  CHECK(called == 1);
  bench.batcher.async_submit(2, erased(count));
  bench.batcher.async_submit(3, erased(asio::bind_executor(bench.callers, count)));
  bench.settle();
  CHECK(called == 3);
}

TEST_CASE("where its own executor has no memory for it, it is called by the batcher's") {
  int_bench bench;
  int called = 0;
  const auto count = [&](boost::system::error_code, int) { ++called; };
  for (int i = 0; i < 3; ++i)
    bench.batcher.async_submit(i, asio::bind_executor(poor_executor{poor_executor::answer::throws}, count));
  bench.settle();
  CHECK(called == 3);
  bench.batcher.close();
  bench.batcher.async_submit(4, asio::bind_executor(poor_executor{poor_executor::answer::throws}, count));
  bench.settle();
  CHECK(called == 4);  // so is one that is refused at the door
}

TEST_CASE("an executor that takes nothing any more destroys it") {
  int_bench bench;
  auto alive = std::make_shared<int>();
  bench.batcher.async_submit(1, asio::bind_executor(poor_executor{poor_executor::answer::drops},
                                                    [alive](boost::system::error_code, int) { FAIL(""); }));
  bench.settle();
  CHECK(alive.use_count() == 1);
}

TEST_CASE("a lack of memory that is the handler's own is told to who runs it") {
  int_bench bench;
  asio::io_context other;
  int called = 0;
  bench.batcher.async_submit(1, erased(asio::bind_executor(other, [&](boost::system::error_code, int) {
                               ++called;
                               throw std::bad_alloc();
                             })));
  bench.settle();
  CHECK_THROWS_AS(run_dry(other), std::bad_alloc);
  CHECK(called == 1);
}

TEST_CASE("it can be cancelled until it is called") {
  int_bench bench;
  asio::io_context other;
  asio::cancellation_signal early, late;
  std::optional<boost::system::error_code> first, second;
  const auto handler = [&](asio::cancellation_signal& signal,
                           std::optional<boost::system::error_code>& told) {
    return erased(asio::bind_cancellation_slot(
        signal.slot(),
        asio::bind_executor(other, [&told](boost::system::error_code why, int) { told = why; })));
  };
  bench.batcher.async_submit(1, handler(early, first));
  early.emit(asio::cancellation_type::all);
  bench.settle();
  bench.batcher.async_submit(2, handler(late, second));
  bench.settle();
  late.emit(asio::cancellation_type::all);
  run_dry(other);
  late.emit(asio::cancellation_type::all);
  CHECK(first == make_error_code(asio::error::operation_aborted));
  CHECK(second == boost::system::error_code());
}

TEST_CASE("a future may be behind one") {
  asio::thread_pool pool(1);
  DynamicBatcher<int, int> batcher(
      pool, {}, [](std::span<const int> inputs) { return ints(inputs.begin(), inputs.end()); });
  const auto erased_submit = [&](int input) {
    return asio::async_initiate<decltype(asio::use_future), void(boost::system::error_code, int)>(
        [&batcher](erased handler, int value) { batcher.async_submit(value, std::move(handler)); },
        asio::use_future, input);
  };
  CHECK(erased_submit(7).get() == 7);
  pool.join();
}

#endif
