// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Requests that share a run, as the scheduler sees them. Numbers are requests; a ride begins with its first.

#include <carpool/scheduling/rides.hpp>
#include <carpool/scheduling/size_or_timeout.hpp>

#include <support/doctest.hpp>
#include <support/scheduler_bench.hpp>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;

namespace {

struct rides_bench : scheduler_bench {
  using scheduler_bench::scheduler_bench;

  void share(std::size_t number, std::uint32_t ride, duration now = 0ms, time_point deadline = never) {
    share(waiting(number, at(now), deadline), ride);
  }
  void share(waiting_request request, std::uint32_t ride) {
    request.ride = ride;
    admit(request);
  }
  [[nodiscard]] bool open(std::uint32_t ride) const { return scheduler.rides().open(ride); }
};

/// One lane that waits for a full batch of two, or an hour.
struct patient_bench : rides_bench {
  explicit patient_bench(queue_rules rules = {})
      : rides_bench({2, 1h, 1}, std::move(rules), any_policy(size_or_timeout{})) {}
};

}  // namespace

TEST_CASE("requests of one ride have one place, and all get the result") {
  rides_bench b;
  b.share(1, 7);
  b.share(2, 7);
  b.share(3, 8);
  CHECK(b.now().queued == 3);
  CHECK(b.now().shared == 1);
  REQUIRE(b.start(0ms));
  CHECK(b.members() == numbers{1, 3});
  CHECK(b.now().running == 3);
  CHECK(b.seal(0ms));
  CHECK(b.finish(1ms) == numbers{1, 2, 3});
  CHECK(b.now().succeeded == 3);
  CHECK(b.now().batch_size.sum() == 2);
  CHECK(!b.open(7));
}

TEST_CASE("a ride can be boarded until its batch has ended") {
  rides_bench b;
  b.share(1, 7);
  REQUIRE(b.start(0ms));
  b.share(2, 7);
  CHECK(b.seal(0ms));
  b.share(3, 7);
  CHECK(b.now().running == 3);
  CHECK(b.finish(1ms) == numbers{1, 2, 3});
}

TEST_CASE("a batch that fails fails for riders too") {
  rides_bench b;
  b.share(1, 7);
  b.share(2, 7);
  REQUIRE(b.start(0ms));
  CHECK(b.seal(0ms));
  b.finish(1ms, true);
  CHECK(b.now().failed == 2);
}

TEST_CASE("a host that leaves the queue hands its place to the rider that is due first") {
  patient_bench b;
  b.share(1, 7, 0ms, at(1ms));
  b.admit(9, 0ms);
  b.share(2, 7, 1us, at(9ms));
  b.share(3, 7, 2us, at(5ms));
  SUBCASE("by its deadline") {}
  SUBCASE("because it is cancelled") { b.cancel(1); }
  CHECK(b.run(2ms) == numbers{3, 2, 9});
  CHECK(b.left.size() == 1);
  CHECK(b.now(2ms).queued == 0);
}

TEST_CASE("a place that is handed on is as old as it was") {
  rides_bench b({4, 5ms, 1}, {}, any_policy(size_or_timeout{}));
  b.share(1, 7, 0ms);
  b.share(2, 7, 3ms);
  b.cancel(1, false, 4ms);
  CHECK(b.now(4ms).oldest_age == 4ms);
  CHECK(b.run(5ms) == numbers{2});
}

TEST_CASE("a rider that leaves costs nobody anything") {
  patient_bench b;
  b.share(1, 7);
  b.share(2, 7, 0ms, at(3ms));
  b.share(3, 7);
  b.cancel(3);
  CHECK(b.left == departures{{3, outcome::cancelled}});
  CHECK(b.next(0ms).wake_at == at(3ms));
}

TEST_CASE("a host that leaves while the inputs are collected leaves its input to a rider") {
  rides_bench b;
  b.share(1, 7);
  b.admit(5);
  b.admit(6);
  REQUIRE(b.start(0ms));
  b.share(2, 7);
  b.cancel(1);
  b.cancel(5);
  CHECK(b.seal(0ms));
  CHECK(b.left == departures{{5, outcome::cancelled}, {1, outcome::cancelled}});
  CHECK(b.dropped == numbers{1});
  CHECK(b.finish(1ms) == numbers{2, 6});
}

TEST_CASE("and while it runs, its result") {
  rides_bench b;
  b.share(1, 7, 0ms, at(5ms));
  b.share(2, 7, 0ms, at(9ms));
  b.share(3, 7);
  REQUIRE(b.start(0ms));
  CHECK(b.seal(0ms));
  CHECK(b.next(5ms).wake_at == at(9ms));
  b.cancel(3);
  CHECK(b.now().running == 1);
  CHECK(b.next(9ms).wake_at == never);
  CHECK(b.left == departures{{1, outcome::expired}, {3, outcome::cancelled}, {2, outcome::expired}});
  CHECK(b.finish(20ms).empty());
}

TEST_CASE("a soft cancellation does not reach the riders of a run") {
  rides_bench b;
  b.share(1, 7);
  b.share(2, 7);
  REQUIRE(b.start(0ms));
  CHECK(b.seal(0ms));
  b.cancel(2, true);
  CHECK(b.finish(1ms) == numbers{1, 2});
}

TEST_CASE("who is in a hurry moves the place that it shares") {
  patient_bench b;
  b.admit(1, 0ms, at(20ms));
  b.share(2, 7, 0ms, at(50ms));
  SUBCASE("with an earlier deadline") { b.share(3, 7, 1us, at(10ms)); }
  SUBCASE("with a higher priority") {
    waiting_request urgent = waiting(3, at(1us), at(90ms));
    urgent.priority = 1;
    b.share(urgent, 7);
  }
  REQUIRE(b.start(1ms));
  CHECK(b.members().back() == 1);
  CHECK(b.seal(1ms));
  numbers served = b.finish(2ms);
  CHECK(served.size() == 3);
  CHECK(served.back() == 1);
}

TEST_CASE("nor does the place wait longer than the rider with the least patience") {
  patient_bench b;
  b.share(1, 7);
  waiting_request impatient = waiting(2, at(1ms));
  impatient.leave_by = at(4ms);
  b.share(impatient, 7);
  CHECK(b.next(1ms).wake_at == at(4ms));
  CHECK(b.run(4ms) == numbers{1, 2});
}

TEST_CASE("a place that is handed on still suits all who share it") {
  patient_bench b;
  b.share(1, 7);
  waiting_request impatient = waiting(2, at(1ms));
  impatient.leave_by = at(4ms);
  b.share(impatient, 7);
  waiting_request important = waiting(3, at(1ms));
  important.priority = 1;
  b.share(important, 7);
  b.cancel(1);
  CHECK(b.next(2ms).wake_at == at(4ms));
  b.admit(4, 2ms, at(20ms));
  CHECK(b.run(4ms) == numbers{2, 3, 4});
}

TEST_CASE("a place that is handed on to a lower priority is not overtaken beyond max_overtaking either") {
  patient_bench b({.max_overtaking = 10ms});
  const auto urgent = [](std::size_t number, duration now) {
    waiting_request request = waiting(number, at(now));
    request.priority = 1;
    return request;
  };
  b.share(urgent(1, 0ms), 7);
  b.share(2, 7);
  CHECK(!b.next(0ms).dispatchable);  // nobody is overtaken: there is one place
  b.admit(urgent(3, 9ms));
  b.cancel(1);
  CHECK(b.run(11ms) == numbers{2, 3});
}

TEST_CASE("riders count against the size of the queue, also those of a run") {
  rides_bench b({4, 5ms, 1}, {.max_size = 2});
  b.share(1, 7);
  REQUIRE(b.start(0ms));
  CHECK(b.seal(0ms));
  b.share(2, 7);
  b.share(3, 7);
  CHECK(b.scheduler.room() == 0);
  CHECK(b.why_not(waiting(4)) == outcome::rejected);
  CHECK(b.finish(1ms) == numbers{1, 2, 3});
  CHECK(b.scheduler.room() == 2);
}

TEST_CASE("the account of a place stays with the key that took it") {
  patient_bench b({.max_size_per_key = 1, .fair_sharing = true});
  waiting_request first = waiting(1);
  first.key = 5;
  b.share(first, 7);
  b.share(2, 7);  // of key 0, which so has none
  b.cancel(1);
  CHECK(b.why_not(waiting(3, at({}))) == std::nullopt);
  b.admit(3);
  CHECK(b.run(0ms) == numbers{2, 3});
}

TEST_CASE("nobody boards a run that hangs") {
  rides_bench b({4, 5ms, 1}, {.hung_after = 10ms});
  b.share(1, 7);
  REQUIRE(b.start(0ms));
  CHECK(b.seal(0ms));
  CHECK(b.open(7));
  CHECK(b.next(10ms).hung_lane == 0U);
  CHECK(!b.open(7));
}

TEST_CASE("the end reaches riders as it reaches hosts") {
  rides_bench b;
  b.share(1, 7);
  REQUIRE(b.start(0ms));
  CHECK(b.seal(0ms));
  b.share(2, 7);
  b.share(3, 8);
  b.share(4, 8);
  SUBCASE("close") {
    b.scheduler.close(at(0ms), b.leaving());
    CHECK(b.now().shut_down == 2);
    CHECK(b.finish(1ms) == numbers{1, 2});
  }
  SUBCASE("abort") {
    b.scheduler.abort(at(0ms), b.leaving());
    CHECK(b.now().shut_down == 4);
    CHECK(b.finish(1ms).empty());
  }
  CHECK(b.scheduler.drained());
  CHECK(b.scheduler.rides().size() == 0);
}

TEST_CASE("what a policy gives up is given up one caller at a time") {
  const auto shed_all = [](time_point now, const queue_view& queue, std::size_t) -> action {
    if (queue[0].deadline < now + 5ms) return shed{positions::run(0, 1)};
    return dispatch{positions::run(0, queue.size()), departure::lane_free};
  };
  rides_bench b({4, 5ms, 1}, {}, any_policy(scripted{shed_all}));
  b.share(1, 7, 0ms, at(2ms));
  b.share(2, 7, 0ms, at(3ms));
  b.share(3, 7, 0ms, at(9ms));
  CHECK(b.run(0ms) == numbers{3});
  CHECK(b.left == departures{{1, outcome::expired}, {2, outcome::expired}});
}
