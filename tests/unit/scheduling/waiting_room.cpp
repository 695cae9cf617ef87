// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/waiting_room.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <cstdint>
#include <vector>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;
using namespace std::chrono_literals;
using numbers = std::vector<std::size_t>;

namespace {

waiting_request prioritised(std::size_t number, int priority, duration arrival = 0ms) {
  waiting_request request = waiting(number, at(arrival));
  request.priority = static_cast<std::int8_t>(priority);
  return request;
}

waiting_request of_key(std::size_t number, std::uint64_t key, double work = 1) {
  waiting_request request = waiting(number);
  request.key = key;
  request.work = work;
  return request;
}

struct room_bench {
  explicit room_bench(const queue_rules& rules) { room.apply(rules, {}); }

  void join(const waiting_request& request) {
    room.reserve(1, request);
    room.join(request);
  }
  numbers waiting() const { return numbers_in(room.queue()); }
  numbers serve(std::size_t count) {
    flight batch;
    batch.reserve(count);
    room.serve(positions::run(0, count), batch);
    numbers taken;
    for (const waiting_request& request : batch.members()) taken.push_back(number_of(request.handle));
    return taken;
  }
  void remove(std::size_t number) {
    room.remove_if([&](const waiting_request& request) { return number_of(request.handle) == number; },
                   [](const waiting_request&) {});
  }

  waiting_room room;
};

}  // namespace

TEST_CASE("a higher priority is served first, and within one the order is that of arrival") {
  room_bench b({});
  int number = 0;
  for (const int priority : {0, 5, -3, 0, 5})
    b.join(prioritised(static_cast<std::size_t>(number++), priority));
  CHECK(b.waiting() == numbers{1, 4, 0, 3, 2});
}

TEST_CASE("B33: who has waited max_overtaking is overtaken by nobody any more") {
  room_bench b({.max_overtaking = 10ms});
  b.join(prioritised(0, -1, 0ms));
  b.join(prioritised(1, 0, 4ms));
  b.join(prioritised(2, 7, 9ms));
  b.room.put_in_order(at(9ms));
  CHECK(b.waiting() == numbers{2, 1, 0});
  b.room.put_in_order(at(10ms));
  CHECK(b.waiting() == numbers{0, 2, 1});
  b.join(prioritised(3, 7, 12ms));
  CHECK(b.waiting() == numbers{0, 2, 3, 1});
  b.room.put_in_order(at(14ms));
  CHECK(b.waiting() == numbers{0, 1, 2, 3});
}

TEST_CASE("nobody ages while all have the same priority, and an urgent deadline still goes first") {
  room_bench b({.max_overtaking = 10ms});
  b.join(prioritised(0, 3));
  b.join(prioritised(1, 3));
  b.room.put_in_order(at(1h));
  waiting_request urgent = prioritised(2, 3, 500ms);
  urgent.deadline = at(600ms);
  b.join(urgent);
  CHECK(b.waiting() == numbers{2, 0, 1});
}

TEST_CASE("a priority that comes into use late makes those age who have waited since before") {
  room_bench b({.max_overtaking = 10ms});
  b.join(prioritised(0, 0, 0ms));
  b.room.put_in_order(at(50ms));
  b.join(prioritised(1, 1, 55ms));
  CHECK(b.waiting() == numbers{1, 0});
  b.room.put_in_order(at(55ms));
  CHECK(b.waiting() == numbers{0, 1});
}

TEST_CASE(
    "B33: with a flood of urgent requests the lowest priority still waits no longer than max_overtaking") {
  room_bench b({.max_overtaking = 20ms});
  b.join(prioritised(0, -128));
  duration now = -1ms;
  for (std::size_t i = 1; i == 1 || b.serve(1) != numbers{0}; i += 2) {
    now += 1ms;
    b.join(prioritised(i, 127, now));
    b.join(prioritised(i + 1, 127, now));
    b.room.put_in_order(at(now));
    REQUIRE(now <= 20ms);
  }
  CHECK(now == 20ms);
}

TEST_CASE("where nobody ever ages the queue is not sorted for those who are overtaken") {
  room_bench b({.max_overtaking = duration::max()});
  const auto due = [](waiting_request request, duration deadline) {
    request.deadline = at(deadline);
    return request;
  };
  b.join(due(prioritised(0, 0), 10ms));
  b.room.put_in_order(at(0ms));
  b.join(prioritised(1, 1));
  b.remove(1);
  b.join(due(prioritised(2, 1), 5ms));
  REQUIRE_FALSE(b.room.queue().deadlines_ascend());
  b.room.put_in_order(at(1ms));
  CHECK_FALSE(b.room.queue().deadlines_ascend());  // sorting would have found out that they do
}

TEST_CASE("keys take turns when service is shared fairly, however many requests one of them has") {
  room_bench b({.fair_sharing = true});
  for (std::size_t i = 0; i < 4; ++i) b.join(of_key(i, 1));
  b.join(of_key(4, 2));
  b.join(of_key(5, 2));
  CHECK(b.waiting() == numbers{0, 4, 1, 5, 2, 3});
  CHECK(b.serve(3) == numbers{0, 4, 1});
  b.join(of_key(6, 3));  // now, not from the beginning
  CHECK(b.waiting() == numbers{5, 6, 2, 3});
}

TEST_CASE("a key whose requests leave unserved loses nothing of its share") {
  room_bench b({.fair_sharing = true});
  for (std::size_t i = 0; i < 6; ++i) b.join(of_key(i, 1));
  for (std::size_t i = 6; i < 9; ++i) b.join(of_key(i, 2));
  for (std::size_t i = 0; i < 4; ++i) b.remove(i);
  CHECK(b.waiting() == numbers{6, 7, 8, 4, 5});  // not sorted for each who leaves
  b.room.put_in_order(at(0ms));
  CHECK(b.waiting() == numbers{6, 4, 7, 5, 8});
}

TEST_CASE(
    "B33: a key whose requests were served because they had aged owes nothing to keys that come later") {
  room_bench b({.max_overtaking = 10ms, .fair_sharing = true});
  for (std::size_t i = 0; i < 4; ++i) b.join(of_key(i, 1));
  b.join(prioritised(4, 1, 5ms));
  b.room.put_in_order(at(10ms));
  CHECK(b.serve(5) == numbers{0, 1, 2, 3, 4});
  for (std::size_t i = 5; i < 8; ++i) b.join(of_key(i, 2));
  for (std::size_t i = 8; i < 11; ++i) b.join(of_key(i, 1));
  CHECK(b.waiting() == numbers{5, 8, 6, 9, 7, 10});
}

TEST_CASE(
    "a run that somebody else has lifted to another priority is counted there, for the key of its host") {
  room_bench b({.fair_sharing = true});
  const auto share = [&](waiting_request request, std::uint32_t ride) {
    request.ride = ride;
    b.room.reserve(1, request);
    REQUIRE(b.room.share(request));
  };
  for (std::uint32_t ride = 1; ride <= 3; ++ride) {
    share(of_key(ride, 1), ride);
    waiting_request urgent = of_key(10 + ride, 2);
    urgent.priority = 1;
    share(urgent, ride);
  }
  for (std::size_t i = 4; i < 7; ++i) {
    waiting_request other = of_key(i, 3);
    other.priority = 1;
    b.join(other);
  }
  b.room.put_in_order(at(0ms));
  CHECK(b.waiting() == numbers{1, 4, 2, 5, 3, 6});
}

TEST_CASE("who gets a place back is not kept waiting because shares have begun anew, or ended") {
  room_bench b({.fair_sharing = true});
  for (std::size_t i = 0; i < 10; ++i) b.join(of_key(i, 1));
  flight batch;
  batch.reserve(10);
  b.room.serve(positions::run(0, 10), batch);
  const waiting_request last = batch.members().back();
  SUBCASE("anew") { b.room.apply({.fair_sharing = true}, {}); }
  SUBCASE("ended") { b.room.apply({}, {}); }
  b.join(of_key(10, 2));
  b.room.reserve(1, last);
  b.room.put_back(last);
  b.join(of_key(11, 3));
  CHECK(b.waiting() == numbers{9, 10, 11});
}

TEST_CASE("who gets a place back is counted once, also when others leave unserved") {
  room_bench b({.fair_sharing = true});
  for (std::size_t i = 0; i < 3; ++i) b.join(of_key(i, 1));
  for (std::size_t i = 3; i < 6; ++i) b.join(of_key(i, 2));
  waiting_request lost = b.room.queue()[0];
  CHECK(b.serve(2) == numbers{0, 3});
  lost.failed_over = true;
  b.room.reserve(1, lost);
  b.room.put_back(lost);
  CHECK(b.waiting() == numbers{0, 1, 4, 2, 5});
  b.remove(5);
  b.room.put_in_order(at(0ms));
  CHECK(b.waiting() == numbers{0, 1, 4, 2});
}

TEST_CASE("fair sharing may begin and end while requests wait") {
  room_bench b({});
  for (std::size_t i = 0; i < 3; ++i) b.join(of_key(i, 1));
  for (std::size_t i = 3; i < 5; ++i) b.join(of_key(i, 2));
  b.room.apply({.fair_sharing = true, .key_weight = [](std::uint64_t key) { return key == 2 ? 2.0 : 1.0; }},
               {});
  CHECK(b.waiting() == numbers{0, 3, 4, 1, 2});
  b.room.apply({}, {});
  b.join(of_key(5, 9));
  CHECK(b.waiting() == numbers{0, 3, 4, 1, 2, 5});
  for (std::size_t i = 0; i < b.room.queue().size(); ++i) CHECK(b.room.queue()[i].fair_tag == 0);
}

TEST_CASE("keys are counted in and out, whichever way they leave") {
  room_bench b({.max_size_per_key = 2});
  const demand one{.key = 1};
  b.join(of_key(0, 1));
  b.join(of_key(1, 1));
  CHECK(b.room.refusal(1, never, at(0ms), one) == outcome::rejected);
  b.serve(1);
  CHECK(!b.room.refusal(1, never, at(0ms), one));
  b.join(of_key(2, 1));
  b.remove(2);
  CHECK(!b.room.refusal(1, never, at(0ms), one));
}
