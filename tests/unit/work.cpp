// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Requests that cost more than others, seen from outside.

#include <carpool/with_work.hpp>

#include <boost/asio/detached.hpp>

#include <support/doctest.hpp>
#include <support/virtual_world.hpp>

#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

using namespace carpool;
using namespace carpool::test;
using ints = std::vector<int>;

namespace {

/// A batcher of numbers that cost what they are, and the batches that it made.
struct weighing_bench {
  explicit weighing_bench(options given) {
    batcher.emplace(world.callers, world.running_here(std::move(given)),
                    with_work{[this](std::span<int> batch) {
                                batches.emplace_back(batch.begin(), batch.end());
                                return ints(batch.begin(), batch.end());
                              },
                              [](int number) { return static_cast<double>(number); }});
  }

  boost::system::error_code submit(int number) {
    boost::system::error_code told;
    batcher->async_submit(number, [&](boost::system::error_code why, int) { told = why; });
    virtual_world::run_ready(world.callers);
    return told;
  }

  virtual_world world;
  std::vector<ints> batches;
  std::optional<virtual_batcher<int, int>> batcher;
};

}  // namespace

TEST_CASE("a batch takes as many requests as max_batch_work allows") {
  weighing_bench bench({.max_batch_work = 10});
  for (const int number : {4, 5, 3, 3, 4}) bench.batcher->async_submit(number, boost::asio::detached);
  bench.world.settle();
  CHECK(bench.batches == std::vector<ints>{{4, 5}, {3, 3, 4}});
}

TEST_CASE("B32: a request that alone is more than max_batch_work runs alone, and is not stuck") {
  weighing_bench bench({.max_batch_work = 10});
  for (const int number : {4, 50, 3}) bench.batcher->async_submit(number, boost::asio::detached);
  bench.world.settle();
  CHECK(bench.batches == std::vector<ints>{{4}, {50}, {3}});
}

TEST_CASE("B32: or it is refused, if that is wanted") {
  weighing_bench bench({.max_batch_work = 10, .oversize = oversize::refuse});
  CHECK(bench.submit(11) == error::too_large);
  CHECK_FALSE(bench.submit(10).failed());
}

TEST_CASE("the queue is bounded in work") {
  weighing_bench bench({.max_queue_work = 10});
  for (const int number : {6, 4}) bench.batcher->async_submit(number, boost::asio::detached);
  CHECK(bench.submit(1) == error::queue_full);
  bench.world.settle();
  CHECK_FALSE(bench.submit(1).failed());
}

TEST_CASE("of several requests submitted together each has its own work") {
  weighing_bench bench({.max_batch_work = 10});
  bench.batcher->async_submit_many({7, 2, 5}, boost::asio::detached);
  bench.world.settle();
  CHECK(bench.batches == std::vector<ints>{{7, 2}, {5}});
}

TEST_CASE("work that is no work is refused where the request is submitted") {
  virtual_world world;
  virtual_batcher<double, double> batcher{
      world.callers, world.running_here(),
      with_work{[](std::span<double> xs) { return std::vector<double>(xs.begin(), xs.end()); },
                [](double x) { return x; }}};
  for (const double bad : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()})
    CHECK_THROWS_AS(batcher.async_submit(bad, boost::asio::detached), std::invalid_argument);
  CHECK(batcher.stats().submitted == 0);
  CHECK(world.idle());
}
