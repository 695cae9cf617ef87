// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/running_batches.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <vector>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

const timeline since_start{at(0ms)};

}  // namespace

TEST_CASE("a batch knows how many ran beside it on average") {
  running_batches running;
  const waiting_request member = waiting(1);
  running.begin(0, {&member, 1}, 1, 0, since_start);
  running.begin(2, {&member, 1}, 1, 5, since_start);
  CHECK(running.count == 2);
  CHECK(running.concurrency(running.lanes[0], 10) == 1.5);
  CHECK(running.concurrency(running.end(0, 10), 10) == 1.5);
  CHECK(running.count == 1);
  CHECK(running.concurrency(running.end(2, 25), 25) == 1.25);
}

TEST_CASE("a batch that ends when it begins ran alone") {
  running_batches running;
  const waiting_request member = waiting(1);
  running.begin(0, {&member, 1}, 1, 7, since_start);
  CHECK(running.concurrency(running.end(0, 7), 7) == 1);
}

TEST_CASE("deadlines are kept in order, without those who have none") {
  running_batches running;
  const std::vector<waiting_request> members{waiting(1, at(0ms), at(9ms)), waiting(2),
                                             waiting(3, at(0ms), at(4ms))};
  running.begin(0, members, 3, 0, since_start);
  CHECK(running.lanes[0].deadlines == std::vector<double>{4, 9});
  CHECK(running.lanes[0].size == 3);
  CHECK(running.lanes[0].work == 3);
}

TEST_CASE("a lane is active from the begin of its batch to the end") {
  running_batches running;
  const waiting_request member = waiting(1);
  CHECK(!running.active(3));
  running.begin(3, {&member, 1}, 1, 0, since_start);
  CHECK(running.active(3));
  CHECK(!running.active(2));
  static_cast<void>(running.end(3, 1));
  CHECK(!running.active(3));
}
