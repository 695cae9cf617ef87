// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/worker_desk.hpp"

#include "support/doctest.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace cluster;
using namespace std::chrono_literals;
using step = worker_desk::step;

namespace {

constexpr carpool::time_point start{};

delivery first_time(const std::string& entry) { return {.entry = entry}; }
delivery delivered(const std::string& entry, std::uint64_t times) { return {.entry = entry, .times = times}; }

worker_desk desk_for(std::size_t capacity) { return worker_desk{{.capacity = capacity, .lease = {3s}}}; }

}  // namespace

TEST_CASE("a worker takes no more than it has room for") {
  worker_desk desk = desk_for(2);
  CHECK(desk.next() == step::receive);
  CHECK(desk.room() == 2);
  CHECK(desk.begin(first_time("a"), start));
  CHECK(desk.room() == 1);
  CHECK(desk.begin(first_time("b"), start));
  CHECK(desk.next() == step::wait);
  desk.end("a");
  CHECK(desk.next() == step::receive);
  CHECK(desk.room() == 1);
}

TEST_CASE("Q6: an abandoned entry is adopted when the worker holds nothing else, and is then alone") {
  worker_desk desk = desk_for(8);
  desk.begin(first_time("mate"), start);
  desk.found({{"left", 1}, {"too", 1}});
  CHECK(desk.next() == step::wait);
  CHECK(desk.room() == 0);
  desk.end("mate");
  REQUIRE(desk.next() == step::adopt);
  CHECK(desk.next_abandoned() == "left");
  CHECK(desk.begin(delivered("left", 2), start));
  CHECK(desk.next() == step::wait);
  CHECK(desk.room() == 0);
  desk.end("left");
  REQUIRE(desk.next() == step::adopt);
  CHECK(desk.next_abandoned() == "too");
  CHECK(desk.next() == step::receive);  // another worker was faster
  CHECK(desk.room() == 8);
}

TEST_CASE("Q6: what was abandoned last is still alone") {
  worker_desk desk = desk_for(8);
  desk.found({{"left", 1}});
  desk.next_abandoned();
  desk.begin(delivered("left", 2), start);
  CHECK(desk.next() == step::wait);
  CHECK(desk.room() == 0);
  desk.end("left");
  CHECK(desk.next() == step::receive);
}

TEST_CASE("Q6: an entry is tried three times and then rejected") {
  for (const std::uint64_t times : {1U, 2U, 3U}) {
    worker_desk desk = desk_for(8);
    CHECK(desk.begin(delivered("e", times), start));
  }
  worker_desk desk = desk_for(8);
  CHECK_FALSE(desk.begin(delivered("e", 4), start));
  CHECK(desk.held() == 1);  // until it has been rejected
}

TEST_CASE("Q2: what a worker holds itself is not abandoned, even if it has slept too long") {
  worker_desk desk = desk_for(8);
  desk.begin(first_time("mine"), start);
  desk.found({{"mine", 1}});
  CHECK(desk.next() == step::receive);
}

TEST_CASE("Q2: the lease of whatever is held is extended every third of it") {
  worker_desk desk = desk_for(8);
  CHECK(desk.next_refresh() == carpool::time_point::max());
  desk.begin(first_time("a"), start);
  desk.begin(first_time("b"), start + 500ms);
  CHECK(desk.next_refresh() == start + 1s);
  CHECK(desk.refresh(start + 999ms).empty());
  CHECK(desk.refresh(start + 1s) == std::vector<std::string>{"a"});
  CHECK(desk.next_refresh() == start + 1500ms);
  CHECK(desk.refresh(start + 2s) == std::vector<std::string>{"a", "b"});
  CHECK(desk.next_refresh() == start + 3s);
  desk.end("a");
  desk.end("b");
  CHECK(desk.next_refresh() == carpool::time_point::max());
}

TEST_CASE("a worker that stops takes nothing more and leaves when nothing is held") {
  worker_desk desk = desk_for(8);
  desk.begin(first_time("a"), start);
  desk.found({{"left", 1}});
  desk.stop();
  CHECK(desk.next() == step::wait);
  CHECK(desk.room() == 0);
  desk.end("a");
  CHECK(desk.next() == step::leave);
}

TEST_CASE("Q1: a lease of T is refreshed and looked for often enough to be found within 2 T") {
  const lease given{3s};
  CHECK(given.refresh_interval() == 1s);
  CHECK(given.time + given.look_interval() <= 2 * given.time);
}
