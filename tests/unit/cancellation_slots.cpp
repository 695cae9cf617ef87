// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What an operation leaves in its cancellation slot, and what if somebody else gets at the slot.

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <support/doctest.hpp>
#include <support/int_bench.hpp>

#include <memory>

using namespace carpool;
using namespace carpool::test;

namespace {

reply<int> submit(int_bench& bench, asio::cancellation_signal& signal) {
  reply<int> r;
  bench.batcher.async_submit(1, asio::bind_cancellation_slot(signal.slot(), r.handler()));
  return r;
}

}  // namespace

TEST_CASE("a slot cancels the operation that has it now, and none that has ended") {
  int_bench bench;
  asio::cancellation_signal signal;
  const auto first = submit(bench, signal);
  bench.settle();
  CHECK(first.succeeded_with(10));
  signal.emit(asio::cancellation_type::terminal);
  const auto second = submit(bench, signal);
  signal.emit(asio::cancellation_type::terminal);
  bench.settle();
  CHECK(second.failed_with(asio::error::operation_aborted));
  signal.emit(asio::cancellation_type::terminal);
}

TEST_CASE("a request in a handler may be cancelled by that handler") {
  int_bench bench;
  asio::cancellation_signal signal;
  reply<int> r;
  bench.batcher.async_submit(1, [&](boost::system::error_code, int) {
    r = submit(bench, signal);
    signal.emit(asio::cancellation_type::total);
  });
  bench.settle();
  CHECK(r.failed_with(asio::error::operation_aborted));
}

TEST_CASE("a signal that comes from the operation's own handler finds nobody") {
  int_bench bench;
  asio::cancellation_signal signal;
  int calls = 0;
  const auto alive = std::make_shared<int>();  // a handler with a destructor is called where it lies
  bench.batcher.async_submit(
      1, asio::bind_cancellation_slot(signal.slot(), [&, alive](boost::system::error_code error, int) {
        CHECK(!error);
        ++calls;
        signal.emit(asio::cancellation_type::terminal);
      }));
  bench.settle();
  CHECK(calls == 1);
  CHECK(alive.use_count() == 1);
  CHECK(bench.batcher.stats().cancelled == 0);
}

TEST_CASE("a slot that was cleared cancels nothing any more") {
  int_bench bench;
  asio::cancellation_signal signal;
  const auto r = submit(bench, signal);
  signal.slot().clear();
  signal.emit(asio::cancellation_type::terminal);
  bench.settle();
  CHECK(r.succeeded_with(10));
}

TEST_CASE("a signal may go before its operation, or after the batcher") {
  reply<int> r;
  asio::cancellation_signal later;
  {
    int_bench bench;
    auto signal = std::make_unique<asio::cancellation_signal>();
    r = submit(bench, *signal);
    signal.reset();
    bench.settle();
    CHECK(r.succeeded_with(10));
    r = submit(bench, later);
  }
  later.emit(asio::cancellation_type::terminal);
}
