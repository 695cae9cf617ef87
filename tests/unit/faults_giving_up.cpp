// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Requests that end before their result is there: deadlines and cancellation, each with what must happen.

#include <support/doctest.hpp>
#include <support/int_bench.hpp>

#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>

using namespace carpool;
using namespace carpool::test;

namespace {

using asio::cancellation_type;

constexpr cancellation_type every_type[] = {cancellation_type::terminal, cancellation_type::partial,
                                            cancellation_type::total, cancellation_type::all};

}  // namespace

TEST_CASE("B14: a deadline in the past expires at once and never runs") {
  int_bench bench;
  const auto now = manual_clock::now();
  const reply<int> late[] = {bench.submit(1, {.deadline = 0ms}), bench.submit(2, {.deadline = -1h}),
                             bench.submit(3, {.deadline = now}), bench.submit(4, {.deadline = now - 1ns})};
  const auto many = bench.submit_many({5, 6}, {.deadline = 0ms});
  for (const auto& r : late) CHECK(!r.done());  // never inline
  bench.settle();
  for (const auto& r : late) CHECK(r.failed_with(error::expired));
  CHECK(many.failed_with(error::expired));
  CHECK(bench.model.batches().empty());
  CHECK(bench.batcher.stats().expired == 6);
}

TEST_CASE("B15: a deadline that passes while waiting completes the request then, not when a batch starts") {
  int_bench bench({.max_queue_delay = 1h}, size_or_timeout{});
  const auto hasty = bench.submit(1, {.deadline = 7ms});
  const auto patient = bench.submit(2);
  bench.advance(7ms - 1ns);
  CHECK(!hasty.done());
  bench.advance(1ns);
  CHECK(hasty.failed_with(error::expired));
  CHECK(bench.batcher.stats().queued == 1);
  bench.advance(1h);
  CHECK(patient.succeeded_with(20));
  CHECK(bench.model.batches() == batches{{2}});
  CHECK(bench.idle());
}

TEST_CASE("B15: the earliest of several deadlines counts, whatever the order of arrival") {
  int_bench bench({.max_queue_delay = 1h}, size_or_timeout{});
  const auto late = bench.submit(1, {.deadline = 30ms});
  const auto early = bench.submit(2, {.deadline = 10ms});
  const auto middle = bench.submit(3, {.deadline = 20ms});
  bench.advance(10ms);
  CHECK(early.failed_with(error::expired));
  CHECK(!middle.done());
  bench.advance(10ms);
  CHECK(middle.failed_with(error::expired));
  CHECK(!late.done());
  bench.advance(10ms);
  CHECK(late.failed_with(error::expired));
  CHECK(bench.idle());
}

TEST_CASE("B15: a request whose deadline passes just when its batch would leave does not run") {
  int_bench bench({.max_queue_delay = 5ms}, size_or_timeout{});
  const auto expires = bench.submit(1, {.deadline = 5ms});
  const auto runs = bench.submit(2);
  bench.advance(5ms);
  CHECK(expires.failed_with(error::expired));
  CHECK(runs.succeeded_with(20));
  CHECK(bench.model.batches() == batches{{2}});
}

TEST_CASE("B15: the default deadline holds for requests that bring none") {
  int_bench bench({.max_queue_delay = 1h, .default_deadline = 20ms}, size_or_timeout{});
  const auto by_default = bench.submit(1);
  const auto longer = bench.submit(2, {.deadline = 30ms});
  const auto never_ends = bench.submit(3, {.deadline = no_deadline});
  bench.advance(20ms);
  CHECK(by_default.failed_with(error::expired));
  bench.advance(10ms);
  CHECK(longer.failed_with(error::expired));
  CHECK(!never_ends.done());
}

TEST_CASE(
    "B16: a deadline that passes while running lets the caller go at once; the late result is dropped") {
  int_bench bench;
  reply<int> hasty;
  reply<int> patient;
  bench.model.during([&] {
    manual_clock::advance(10ms);
    virtual_world::run_ready(bench.callers);
    CHECK(hasty.failed_with(error::expired));
    CHECK(!patient.done());
    CHECK(bench.batcher.stats().running == 1);
  });
  hasty = bench.submit(1, {.deadline = 10ms});
  patient = bench.submit(2);
  bench.settle();
  CHECK(bench.model.batches() == batches{{1, 2}});
  CHECK(hasty.calls() == 1);
  CHECK(patient.succeeded_with(20));
  CHECK(bench.batcher.stats().expired == 1);
  CHECK(bench.idle());
}

TEST_CASE(
    "B16: a submission of several that expires half-way completes once, when its last input has ended") {
  int_bench bench({.max_batch_size = 2});
  reply<ints> many;
  bench.model.during([&] {
    manual_clock::advance(10ms);
    virtual_world::run_ready(bench.callers);
    CHECK(many.failed_with(error::expired));
  });
  many = bench.submit_many({1, 2, 3}, {.deadline = 10ms});
  bench.settle();
  CHECK(many.calls() == 1);
  CHECK(bench.model.batches() == batches{{1, 2}});
  CHECK(bench.batcher.stats().expired == 3);
}

TEST_CASE("B17: a waiting request leaves on every type of cancellation, is posted, and frees its place") {
  for (const auto type : every_type) {
    int_bench bench({.max_batch_size = 8, .max_queue_delay = 5ms, .max_queue_size = 2},
                    size_or_timeout{3, 5ms});
    asio::cancellation_signal signal;
    const auto cancelled = bench.submit(1, signal);
    const auto stays = bench.submit(2);
    signal.emit(type);
    CHECK(!cancelled.done());  // never inline
    CHECK(bench.batcher.stats().queued == 1);
    const auto next = bench.submit(3);  // has room
    bench.settle();
    CHECK(cancelled.failed_with(asio::error::operation_aborted));
    bench.advance(5ms);
    CHECK(stays.succeeded_with(20));
    CHECK(next.succeeded_with(30));
    CHECK(bench.model.batches() == batches{{2, 3}});
    CHECK(bench.batcher.stats().cancelled == 1);
  }
}

TEST_CASE("B17: the delay of those who stay does not start again when the oldest leaves") {
  int_bench bench({.max_queue_delay = 5ms}, size_or_timeout{});
  asio::cancellation_signal signal;
  bench.submit(1, signal);
  bench.advance(2ms);
  const auto stays = bench.submit(2);
  signal.emit(cancellation_type::total);
  bench.advance(5ms - 1ns);
  CHECK(!stays.done());
  bench.advance(1ns);
  CHECK(stays.succeeded_with(20));
}

TEST_CASE("B17: cancellation of no type changes nothing") {
  int_bench bench({.max_queue_delay = 5ms}, size_or_timeout{});
  asio::cancellation_signal signal;
  const auto r = bench.submit(1, signal);
  signal.emit(cancellation_type::none);
  bench.advance(5ms);
  CHECK(r.succeeded_with(10));
}

TEST_CASE("B18: a running request is let go on terminal and partial; its mates are untouched") {
  for (const auto type : {cancellation_type::terminal, cancellation_type::partial, cancellation_type::all}) {
    int_bench bench;
    asio::cancellation_signal signal;
    reply<int> cancelled;
    bench.model.during([&] {
      signal.emit(type);
      CHECK(!cancelled.done());  // never inline
      virtual_world::run_ready(bench.callers);
      CHECK(cancelled.failed_with(asio::error::operation_aborted));
    });
    cancelled = bench.submit(1, signal);
    const auto mate = bench.submit(2);
    bench.settle();
    CHECK(cancelled.calls() == 1);
    CHECK(mate.succeeded_with(20));
    CHECK(bench.batcher.stats().cancelled == 1);
  }
}

TEST_CASE("B18: total cancellation of a running request is ignored, because its work cannot be undone") {
  int_bench bench;
  asio::cancellation_signal signal;
  reply<int> r;
  bench.model.during([&] {
    signal.emit(cancellation_type::total);
    virtual_world::run_ready(bench.callers);
    CHECK(!r.done());
  });
  r = bench.submit(1, signal);
  bench.settle();
  CHECK(r.succeeded_with(10));
}

TEST_CASE("B18: a submission of several is cancelled as one, waiting and running inputs alike") {
  int_bench bench({.max_batch_size = 2});
  asio::cancellation_signal signal;
  reply<ints> many;
  bench.model.during([&] {
    signal.emit(cancellation_type::partial);
    virtual_world::run_ready(bench.callers);
    CHECK(many.failed_with(asio::error::operation_aborted));
  });
  bench.batcher.async_submit_many({1, 2, 3}, asio::bind_cancellation_slot(signal.slot(), many.handler()));
  bench.settle();
  CHECK(many.calls() == 1);
  CHECK(bench.model.batches() == batches{{1, 2}});
  CHECK(bench.batcher.stats().cancelled == 3);
}

TEST_CASE("B18: total cancellation of several takes those that wait and lets the running ones end") {
  int_bench bench({.max_batch_size = 2});
  asio::cancellation_signal signal;
  reply<ints> many;
  bench.model.during([&] {
    signal.emit(cancellation_type::total);
    virtual_world::run_ready(bench.callers);
    CHECK(!many.done());
  });
  bench.batcher.async_submit_many({1, 2, 3}, asio::bind_cancellation_slot(signal.slot(), many.handler()));
  bench.settle();
  CHECK(many.failed_with(asio::error::operation_aborted));
  CHECK(bench.model.batches() == batches{{1, 2}});
  CHECK(bench.batcher.stats().succeeded == 2);
  CHECK(bench.batcher.stats().cancelled == 1);
}

TEST_CASE("B19: a batch whose every request is cancelled before it starts does not call the model") {
  int_bench bench;
  asio::cancellation_signal signals[2];
  const reply<int> both[] = {bench.submit(1, signals[0]), bench.submit(2, signals[1])};
  for (auto& signal : signals) signal.emit(cancellation_type::total);  // the lane's turn is posted already
  bench.settle();
  for (const auto& r : both) CHECK(r.failed_with(asio::error::operation_aborted));
  CHECK(bench.model.batches().empty());
  CHECK(bench.batcher.stats().batches == 0);
  CHECK(bench.idle());
}

namespace {

/// An input that does something while the lane collects it.
struct lively {
  lively() = default;
  explicit lively(int value_, std::function<void()>* on_move_ = nullptr) : value(value_), on_move(on_move_) {}
  lively(lively&& other) : value(other.value), on_move(other.on_move), at_end(std::move(other.at_end)) {
    if (on_move == nullptr) return;
    if (const auto what = std::exchange(*on_move, {})) what();
  }
  lively& operator=(lively&&) = delete;

  int value = 0;
  std::function<void()>* on_move = nullptr;
  std::shared_ptr<void> at_end;
};

struct lively_bench : virtual_world {
  reply<int> submit(lively input, asio::cancellation_signal& signal) {
    reply<int> result;
    batcher.async_submit(std::move(input), asio::bind_cancellation_slot(signal.slot(), result.handler()));
    return result;
  }

  batches seen;
  std::function<void()> on_move;
  virtual_batcher<lively, int> batcher{callers, running_here(),
                                       [this](std::span<lively> inputs) {
                                         ints values;
                                         for (const auto& input : inputs) values.push_back(input.value);
                                         seen.push_back(values);
                                         return values;
                                       },
                                       eager{}};
};

}  // namespace

TEST_CASE("B19: requests cancelled while the lane collects their inputs are not in the batch") {
  lively_bench bench;
  asio::cancellation_signal signals[3];
  const reply<int> replies[] = {bench.submit(lively(1), signals[0]), bench.submit(lively(2), signals[1]),
                                bench.submit(lively(3, &bench.on_move), signals[2])};
  bench.on_move = [&] {
    signals[0].emit(cancellation_type::terminal);
    signals[2].emit(cancellation_type::terminal);
  };
  bench.settle();
  CHECK(bench.seen == batches{{2}});
  CHECK(replies[0].failed_with(asio::error::operation_aborted));
  CHECK(replies[1].succeeded_with(2));
  CHECK(replies[2].failed_with(asio::error::operation_aborted));
}

TEST_CASE(
    "B19: inputs of those who left may call the batcher when they are destroyed, before their batch runs") {
  lively_bench bench;
  asio::cancellation_signal signals[2];
  lively unwanted(1, &bench.on_move);
  unwanted.at_end = std::shared_ptr<void>(nullptr, [&](void*) {
    CHECK(bench.seen.empty());
    CHECK(bench.batcher.stats().cancelled == 1);
  });
  const std::weak_ptr<void> there = unwanted.at_end;
  const auto left = bench.submit(std::move(unwanted), signals[0]);
  const auto stays = bench.submit(lively(2), signals[1]);
  bench.on_move = [&] { signals[0].emit(cancellation_type::terminal); };
  bench.settle();
  CHECK(there.expired());
  CHECK(left.failed_with(asio::error::operation_aborted));
  CHECK(stays.succeeded_with(2));
}

TEST_CASE("B19: a batch that all leave while its inputs are collected does not run; the next one is whole") {
  for (const bool throws : {false, true}) {
    lively_bench bench;
    asio::cancellation_signal signals[3];
    const reply<int> gone[] = {bench.submit(lively(1), signals[0]),
                               bench.submit(lively(2, &bench.on_move), signals[1])};
    bench.on_move = [&] {
      for (auto& signal : signals) signal.emit(cancellation_type::terminal);
      if (throws) throw std::runtime_error("cannot be moved");
    };
    bench.settle();
    CHECK(bench.seen.empty());
    for (const auto& r : gone) CHECK(r.failed_with(asio::error::operation_aborted));
    const auto next = bench.submit(lively(3), signals[2]);
    bench.settle();
    CHECK(bench.seen == batches{{3}});
    CHECK(next.succeeded_with(3));
  }
}

TEST_CASE("B20: cancellation after the outcome is settled, but before the handler ran, changes nothing") {
  int_bench bench;
  asio::cancellation_signal signal;
  const auto r = bench.submit(1, signal);
  virtual_world::run_ready(bench.callers);
  virtual_world::run_ready(bench.lanes);  // the completion is posted
  CHECK(!r.done());
  signal.emit(cancellation_type::terminal);
  bench.settle();
  CHECK(r.succeeded_with(10));
  signal.emit(cancellation_type::terminal);  // and after it, nothing is there to be cancelled
  bench.settle();
  CHECK(r.calls() == 1);
  CHECK(adds_up(bench.batcher.stats()));
}

TEST_CASE("B20: of a deadline and a cancellation at the same time one wins") {
  int_bench bench({.max_queue_delay = 1h}, size_or_timeout{});
  asio::cancellation_signal signal;
  const auto r = bench.submit(1, signal, {.deadline = 5ms});
  manual_clock::advance(5ms);
  signal.emit(cancellation_type::total);
  bench.settle();
  CHECK(r.calls() == 1);
  CHECK((r.error() == error::expired || r.error() == asio::error::operation_aborted));
  CHECK(bench.batcher.stats().expired + bench.batcher.stats().cancelled == 1);
  CHECK(bench.idle());
}

TEST_CASE("B20: the timer of a request that was cancelled does not stay armed") {
  int_bench bench({.max_queue_delay = 1h}, size_or_timeout{});
  asio::cancellation_signal signal;
  bench.submit(1, signal, {.deadline = 5ms});
  CHECK(manual_clock::armed_timers() == 1);
  signal.emit(cancellation_type::total);
  bench.settle();
  CHECK(manual_clock::armed_timers() == 0);
  CHECK(bench.idle());
}

TEST_CASE("a wake-up that was overtaken by a later one leaves nothing armed once all is done") {
  int_bench bench({.max_batch_size = 2, .max_queue_delay = 1h}, size_or_timeout{});
  asio::cancellation_signal signal;
  bench.submit(1, signal);
  manual_clock::advance(1h);                 // the wake-up is on its way,
  signal.emit(cancellation_type::terminal);  // has lost its reason,
  const auto r = bench.submit(2);            // and another is set for an hour later
  bench.submit(3);                           // that is not needed either: the batch is full
  bench.settle();
  CHECK(r.succeeded_with(20));
  CHECK(bench.idle());
}
