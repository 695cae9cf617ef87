// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/wait_queue.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <random>
#include <span>
#include <vector>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;
using namespace std::chrono_literals;
using numbers = std::vector<std::size_t>;

namespace {

numbers take(wait_queue& queue, positions which) {
  numbers taken;
  queue.extract(which, [&](std::span<const waiting_request> requests) {
    for (const waiting_request& request : requests) taken.push_back(number_of(request.handle));
  });
  return taken;
}

}  // namespace

TEST_CASE("a queue keeps the order of arrival") {
  wait_queue queue;
  CHECK(queue.empty());
  for (std::size_t i = 0; i < 100; ++i) join(queue, waiting(i));
  CHECK(queue.size() == 100);
  CHECK(number_of(queue[0].handle) == 0);
  CHECK(number_of(queue[99].handle) == 99);
}

TEST_CASE("a run at the front, in the middle and at the end is taken in order") {
  wait_queue queue;
  for (std::size_t i = 0; i < 10; ++i) join(queue, waiting(i));
  CHECK(take(queue, positions::run(0, 3)) == numbers{0, 1, 2});
  CHECK(take(queue, positions::run(2, 2)) == numbers{5, 6});
  CHECK(take(queue, positions::run(3, 2)) == numbers{8, 9});
  CHECK(numbers_in(queue) == numbers{3, 4, 7});
}

TEST_CASE("a list of positions is taken in order and the rest keeps its own") {
  wait_queue queue;
  for (std::size_t i = 0; i < 6; ++i) join(queue, waiting(i));
  const numbers spread{0, 2, 5};
  CHECK(take(queue, positions::list(spread)) == numbers{0, 2, 5});
  CHECK(numbers_in(queue) == numbers{1, 3, 4});
  const numbers front{0, 1};
  CHECK(take(queue, positions::list(front)) == numbers{1, 3});
  CHECK(take(queue, positions::list({})).empty());
  CHECK(numbers_in(queue) == numbers{4});
}

TEST_CASE("erase_if hands over who matches, in order") {
  wait_queue queue;
  for (std::size_t i = 0; i < 6; ++i) join(queue, waiting(i));
  numbers gone;
  queue.erase_if([](const waiting_request& r) { return number_of(r.handle) % 2 == 1; },
                 [&](const waiting_request& r) { gone.push_back(number_of(r.handle)); });
  CHECK(gone == numbers{1, 3, 5});
  CHECK(numbers_in(queue) == numbers{0, 2, 4});
}

TEST_CASE("after reserve the queue takes that many without growing") {
  wait_queue queue;
  join(queue, waiting(0));
  queue.reserve(200);
  for (std::size_t i = 1; i < 200; ++i) join(queue, waiting(i));
  queue.reserve(1);  // never shrinks
  CHECK(queue.size() == 200);
  CHECK(number_of(queue[199].handle) == 199);
}

TEST_CASE("a request that is due earlier takes its place, and says that it has overtaken") {
  wait_queue queue;
  CHECK(join(queue, waiting(0, at(0ms), at(10ms))));
  CHECK(join(queue, waiting(1, at(0ms), at(20ms))));
  CHECK(!join(queue, waiting(2, at(1ms), at(15ms))));
  CHECK(!join(queue, waiting(3, at(1ms), at(5ms))));
  CHECK(join(queue, waiting(4, at(1ms), at(20ms))));
  CHECK(numbers_in(queue) == numbers{3, 0, 2, 1, 4});
}

TEST_CASE("a queue knows its earliest arrival and leave_by, whatever its order and who has left") {
  wait_queue queue;
  CHECK(queue.oldest_arrival() == never);
  CHECK(queue.leave_by() == never);
  for (std::size_t i = 0; i < 4; ++i) {
    waiting_request request = waiting(i, at(i * 1ms), at(100ms - i * 10ms));  // who came first is served last
    if (i > 0) request.leave_by = at(20ms - i * 1ms);
    join(queue, request);
  }
  CHECK(queue.oldest_arrival() == at(0ms));
  CHECK(queue.leave_by() == at(17ms));
  CHECK(take(queue, positions::run(0, 1)) == numbers{3});
  CHECK(queue.leave_by() == at(18ms));
  CHECK(take(queue, positions::run(2, 1)) == numbers{0});
  CHECK(queue.oldest_arrival() == at(1ms));
  take(queue, positions::run(0, 2));
  CHECK(queue.oldest_arrival() == never);
  join(queue, waiting(9, at(5ms)));
  CHECK(queue.oldest_arrival() == at(5ms));
  CHECK(queue.leave_by() == never);
}

TEST_CASE("reorder lets the order follow what it changes, and keeps that of equals") {
  wait_queue queue;
  for (std::size_t i = 0; i < 40; ++i) {
    join(queue, waiting(i));
    if (i % 3 == 0) take(queue, positions::run(0, 1));  // so that the ring has wrapped round
  }
  numbers expected = numbers_in(queue);
  std::stable_partition(expected.begin(), expected.end(), [](std::size_t number) { return number % 2 == 1; });
  queue.reorder([](waiting_request& request) { request.aged = number_of(request.handle) % 2 == 1; });
  CHECK(numbers_in(queue) == expected);
}

TEST_CASE("random requests are in service order, and those that are equal in that of arrival") {
  std::mt19937 random(5);
  wait_queue queue;
  std::vector<waiting_request> reference;
  for (std::size_t step = 0; step < 3000; ++step) {
    if (random() % 4 > 0) {
      waiting_request request = waiting(step, at(step * 1ms), at(step * 1ms + random() % 60 * 1ms));
      request.priority = static_cast<std::int8_t>(random() % 2);
      join(queue, request);
      reference.insert(std::upper_bound(reference.begin(), reference.end(), request, served_before), request);
    } else if (!queue.empty()) {
      const std::size_t first = random() % queue.size();
      const std::size_t count = 1 + random() % std::min<std::size_t>(5, queue.size() - first);
      const auto from = reference.begin() + static_cast<std::ptrdiff_t>(first);
      take(queue, positions::run(first, count));
      reference.erase(from, from + static_cast<std::ptrdiff_t>(count));
    }
    numbers expected;
    time_point oldest = never;
    for (const auto& request : reference) {
      expected.push_back(number_of(request.handle));
      oldest = std::min(oldest, request.arrival);
    }
    REQUIRE(numbers_in(queue) == expected);
    REQUIRE(queue.oldest_arrival() == oldest);
  }
}

TEST_CASE("random pushes and removals agree with a deque, also when the ring wraps round") {
  std::mt19937 random(3);
  wait_queue queue;
  std::deque<std::size_t> reference;
  for (std::size_t step = 0; step < 5000; ++step) {
    const auto kind = random() % 8;
    if (kind < 4) {
      join(queue, waiting(step));
      reference.push_back(step);
    } else if (kind < 7) {
      const std::size_t count = random() % 6;
      const std::size_t taken = std::min(count, reference.size());
      CHECK(take(queue, positions::run(0, taken)) ==
            numbers(reference.begin(), reference.begin() + static_cast<std::ptrdiff_t>(taken)));
      reference.erase(reference.begin(), reference.begin() + static_cast<std::ptrdiff_t>(taken));
    } else {
      const std::size_t rest = random() % 5;
      queue.erase_if([&](const waiting_request& r) { return number_of(r.handle) % 5 == rest; },
                     [](const waiting_request&) {});
      std::erase_if(reference, [&](std::size_t number) { return number % 5 == rest; });
    }
    REQUIRE(numbers_in(queue) == numbers(reference.begin(), reference.end()));
  }
}

TEST_CASE("a queue knows while its deadlines ascend, and forgets when it is empty") {
  wait_queue queue;
  join(queue, waiting(0, at(0ms), at(5ms)));
  join(queue, waiting(1, at(1ms), at(6ms)));
  join(queue, waiting(2, at(2ms), at(5500us)));  // goes between them
  CHECK(queue.deadlines_ascend());
  auto urgent = waiting(3, at(3ms), at(9ms));
  urgent.priority = 1;
  join(queue, urgent);  // goes first, and is due last
  CHECK_FALSE(queue.deadlines_ascend());
  queue.extract(positions::run(0, 4), [](std::span<const waiting_request>) {});
  CHECK(queue.deadlines_ascend());
}

TEST_CASE("a queue knows while its arrivals ascend, and forgets when it is empty") {
  wait_queue queue;
  join(queue, waiting(0, at(1ms)));
  join(queue, waiting(1, at(1ms)));
  join(queue, waiting(2, at(2ms)));
  CHECK(queue.arrivals_ascend());
  SUBCASE("one is put in front of others") { join(queue, waiting(3, at(3ms), at(4ms))); }
  SUBCASE("one comes late") { join(queue, waiting(3, at(0ms), at(10s))); }
  SUBCASE("one comes back") {
    queue.reserve(4);
    queue.put_back(waiting(3, at(2ms)));
  }
  SUBCASE("all change their places") {
    queue.reorder([](waiting_request&) {});
  }
  CHECK_FALSE(queue.arrivals_ascend());
  queue.extract(positions::run(0, queue.size()), [](std::span<const waiting_request>) {});
  CHECK(queue.arrivals_ascend());
}

TEST_CASE("who has aged and gets another place is served before those who have not, also who came earlier") {
  wait_queue queue;
  join(queue, waiting(1, at(1ms)));
  auto aged = waiting(2, at(2ms));
  aged.aged = true;
  CHECK_FALSE(join(queue, aged));
  CHECK(take(queue, positions::run(0, 2)) == numbers{2, 1});
}

TEST_CASE("B37: who gets a place back is served before its equals, and after who is due earlier") {
  wait_queue queue;
  for (std::size_t i = 1; i <= 3; ++i) join(queue, waiting(i, at(1ms)));
  queue.reserve(5);
  queue.put_back(waiting(4, at(1ms)));
  queue.put_back(waiting(5, at(2ms)));
  CHECK(take(queue, positions::run(0, 5)) == numbers{4, 1, 2, 3, 5});
}
