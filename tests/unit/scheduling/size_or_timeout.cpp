// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/size_or_timeout.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <stdexcept>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

action decision(const size_or_timeout& policy, const wait_queue& queue, duration now, bool closed = false) {
  const limits bounds{4, 5ms, 1};
  return policy.decide(at(now), queue_view(queue, bounds, closed), 1);
}

bool leaves(const action& taken, std::size_t size, departure reason) {
  const auto* leaving = std::get_if<dispatch>(&taken);
  return leaving != nullptr && leaving->which.size() == size && leaving->which[0] == 0 &&
         leaving->reason == reason;
}

bool waits(const action& taken, duration until) {
  const auto* waiting = std::get_if<wait_until>(&taken);
  return waiting != nullptr && waiting->when == at(until);
}

}  // namespace

TEST_CASE("B1: an open batch waits until its oldest request has waited the delay") {
  const auto queue = queue_of({1ms, 3ms});
  CHECK(waits(decision({}, queue, 3ms), 6ms));
  CHECK(waits(decision({}, queue, 6ms - 1ns), 6ms));
  CHECK(leaves(decision({}, queue, 6ms), 2, departure::timeout));
  CHECK(leaves(decision({}, queue, 60ms), 2, departure::timeout));
}

TEST_CASE("B4: a full batch leaves at once and takes no more than its size") {
  CHECK(leaves(decision({}, queue_of({0ms, 0ms, 0ms, 0ms}), 0ms), 4, departure::full));
  CHECK(leaves(decision({}, queue_of({0ms, 0ms, 0ms, 0ms, 0ms}), 60ms), 4, departure::full));
}

TEST_CASE("a size and a delay of its own replace those of the options, within max_batch_size") {
  const size_or_timeout own{2, 50ms};
  CHECK(waits(decision(own, queue_of({0ms}), 10ms), 50ms));
  CHECK(leaves(decision(own, queue_of({0ms, 1ms, 2ms}), 2ms), 2, departure::full));
  CHECK(leaves(decision({100, 50ms}, queue_of({0ms, 0ms, 0ms, 0ms}), 0ms), 4, departure::full));
}

TEST_CASE("a size or a delay out of range is refused with a sentence that says which") {
  CHECK_THROWS_WITH_AS(size_or_timeout(0, 5ms),
                       "carpool::size_or_timeout: the size is 0; it must be at least 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(size_or_timeout(4, -5ms),
                       "carpool::size_or_timeout: the delay is negative; it must be zero or more",
                       std::invalid_argument);
}

TEST_CASE("B2: with no delay a batch takes what waits at once") {
  CHECK(leaves(decision({4, 0ms}, queue_of({1ms, 1ms}), 1ms), 2, departure::timeout));
}

TEST_CASE("B31: the longest possible delay waits for ever instead of overflowing") {
  const auto taken = decision({4, duration::max()}, queue_of({1ms}), 2ms);
  REQUIRE(std::holds_alternative<wait_until>(taken));
  CHECK(std::get<wait_until>(taken).when == never);
}

TEST_CASE("waiting for company is pointless when nobody else can come") {
  CHECK(leaves(decision({}, queue_of({0ms}), 0ms, true), 1, departure::drain));
}

TEST_CASE("who has waited longest decides, wherever in the queue") {
  wait_queue queue;
  queue.reserve(2);
  queue.insert(waiting(0, at(1ms), at(1h)));
  queue.insert(waiting(1, at(3ms), at(20ms)));  // served before the other
  CHECK(waits(decision({}, queue, 3ms), 6ms));
  CHECK(leaves(decision({}, queue, 6ms), 2, departure::timeout));
}

TEST_CASE("a batch leaves when one of its requests must not be held any more") {
  wait_queue queue = queue_of({1ms});
  waiting_request impatient = waiting(1, at(2ms));
  impatient.leave_by = at(4ms);
  queue.reserve(2);
  queue.insert(impatient);
  CHECK(waits(decision({}, queue, 3ms), 4ms));
  CHECK(leaves(decision({}, queue, 4ms), 2, departure::timeout));
}

TEST_CASE("work fills a batch, too") {
  limits bounds{4, 5ms, 1, 3};
  const auto queue = queue_of({0ms, 0ms, 0ms});
  CHECK(leaves(size_or_timeout{}.decide(at(0ms), queue_view(queue, bounds, false), 1), 3, departure::full));
  bounds.batch_work = &padded_work;
  bounds.max_batch_work = 3.5;
  CHECK(waits(size_or_timeout{}.decide(at(0ms), queue_view(queue, bounds, false), 1), 5ms));
}

TEST_CASE("size_or_timeout is a policy") { static_assert(scheduling_policy<size_or_timeout>); }
