// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What a submission asks for, seen from outside; the rules themselves are tested in unit/scheduling/.

#include <carpool/scheduling/size_or_timeout.hpp>

#include <support/doctest.hpp>
#include <support/int_bench.hpp>

#include <cstdint>
#include <limits>
#include <stdexcept>

using namespace carpool;
using namespace carpool::test;

TEST_CASE("what is urgent is served first: by priority, then by deadline, then by arrival") {
  int_bench bench({.max_batch_size = 1});
  bench.while_running([&] {
    bench.submit(1);
    bench.submit(2, {.deadline = 50ms});
    bench.submit(3, {.priority = -1});
    bench.submit(4, {.priority = 3});
    bench.submit(5, {.deadline = 20ms});
    bench.submit(6);
  });
  bench.settle();
  CHECK(bench.model.batches() == batches{{-1}, {4}, {5}, {2}, {1}, {6}, {3}});
}

TEST_CASE("B33: a flood of urgent requests does not hold up the last one for longer than max_overtaking") {
  int_bench bench({.max_batch_size = 1, .max_overtaking = 10ms});
  bench.while_running([&] {
    bench.submit(1, {.priority = std::numeric_limits<std::int8_t>::min()});
    manual_clock::advance(1ms);
    for (int i = 2; i < 5; ++i) bench.submit(i, {.priority = 1});
    manual_clock::advance(9ms);
    bench.submit(5, {.priority = 1});
  });
  bench.settle();
  CHECK(bench.model.batches() == batches{{-1}, {1}, {2}, {3}, {4}, {5}});
}

TEST_CASE("keys share the service by their weights, if that is wanted") {
  const auto weight = [](std::uint64_t key) { return key == 7 ? 2.0 : 1.0; };
  int_bench bench({.max_batch_size = 3, .fair_sharing = true, .key_weight = weight});
  bench.while_running([&] {
    for (int i = 0; i < 4; ++i) bench.submit(i, {.key = 1});
    for (int i = 10; i < 14; ++i) bench.submit(i, {.key = 7});
  });
  bench.settle();
  CHECK(bench.model.batches() == batches{{-1}, {0, 10, 11}, {1, 12, 13}, {2, 3}});
}

TEST_CASE("a key cannot fill the queue for the others") {
  int_bench bench({.max_queue_size_per_key = 2});
  bench.while_running([&] {
    const auto first = bench.submit_many({1, 2}, {.key = 1});
    const auto more = bench.submit(3, {.key = 1});
    const auto other = bench.submit(4, {.key = 2});
    virtual_world::run_ready(bench.callers);
    CHECK(!first.done());
    CHECK(more.failed_with(error::queue_full));
    CHECK(!other.done());
  });
}

TEST_CASE("what key_weight throws comes out of async_submit, and the batcher goes on") {
  int_bench bench(
      {.fair_sharing = true, .key_weight = [](std::uint64_t key) { return key == 1 ? -1.0 : 1.0; }});
  CHECK_THROWS_AS(bench.submit(1, {.key = 1}), std::invalid_argument);
  const auto good = bench.submit(2, {.key = 2});
  bench.settle();
  CHECK(good.succeeded_with(20));
  CHECK(bench.batcher.stats().submitted == 1);
}

TEST_CASE("a request may ask to be held for a shorter time than the others") {
  int_bench bench({.max_queue_delay = 50ms}, size_or_timeout{});
  const auto patient = bench.submit(1);
  const auto hasty = bench.submit(2, {.max_wait = 5ms});
  bench.advance(5ms - 1ns);
  CHECK(!hasty.done());
  bench.advance(1ns);
  CHECK(hasty.succeeded_with(20));
  CHECK(patient.succeeded_with(10));  // it goes along
}

TEST_CASE("B32: an item that is too heavy runs alone or is refused") {
  int_bench patient({.max_batch_work = 0.5});
  int_bench strict({.max_batch_work = 0.5, .oversize = oversize::refuse});
  const auto alone = patient.submit(1);
  const auto refused = strict.submit(1);
  patient.settle();
  strict.settle();
  CHECK(alone.succeeded_with(10));
  CHECK(refused.failed_with(error::too_large));
}
