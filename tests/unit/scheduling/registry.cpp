// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/registry.hpp>
#include <carpool/scheduling/size_or_timeout.hpp>

#include <support/doctest.hpp>
#include <support/scheduler_bench.hpp>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;
using namespace std::chrono_literals;

TEST_CASE("B12: a full queue refuses, and so does one without room for all") {
  scheduler_bench b({4, 5ms, 1}, {3});
  b.admit(1);
  CHECK(b.scheduler.room() == 2);
  CHECK(b.scheduler.refusal(3, never, at(0ms)) == outcome::rejected);
  CHECK(!b.scheduler.refusal(2, never, at(0ms)));
  CHECK(b.scheduler.refusal(static_cast<std::size_t>(-1), never, at(0ms)) == outcome::rejected);
  b.scheduler.refuse(3, outcome::rejected);
  CHECK(b.now().rejected == 3);
}

TEST_CASE("B14: a deadline that is not in the future is refused as expired") {
  scheduler_bench b;
  CHECK(b.scheduler.refusal(1, at(5ms), at(5ms)) == outcome::expired);
  CHECK(b.scheduler.refusal(1, at(4ms), at(5ms)) == outcome::expired);
  CHECK(!b.scheduler.refusal(1, at(5ms) + 1ns, at(5ms)));
}

TEST_CASE("B15: a waiting request leaves at its deadline, and the scheduler asks to be woken then") {
  scheduler_bench b({4, 1h, 1}, {}, any_policy(size_or_timeout{}));
  b.admit(1, 0ms, at(7ms));
  b.admit(2, 0ms, at(3ms));
  CHECK(b.next(0ms).wake_at == at(3ms));
  CHECK(b.next(3ms).wake_at == at(7ms));
  CHECK(b.left == departures{{2, outcome::expired}});
  CHECK(b.next(100ms).wake_at == never);
  CHECK(b.left.size() == 2);
  CHECK(b.now().expired == 2);
  CHECK(b.scheduler.empty());
}

TEST_CASE("B16: a deadline that passes while the batch runs lets its caller go and leaves the mates") {
  scheduler_bench b;
  b.admit(1, 0ms, at(3ms));
  b.admit(2);
  REQUIRE(b.start(0ms));
  CHECK(b.seal(0ms));
  CHECK(b.next(0ms).wake_at == at(3ms));
  CHECK(b.next(3ms).wake_at == never);
  CHECK(b.left == departures{{1, outcome::expired}});
  CHECK(b.now().running == 1);
  CHECK(b.finish(9ms) == numbers{2});
  CHECK(b.now().succeeded == 1);
}

TEST_CASE("B17: a waiting request that is cancelled leaves its place to another") {
  scheduler_bench b({4, 5ms, 1}, {2});
  b.admit(1);
  b.admit(2);
  CHECK(b.scheduler.room() == 0);
  b.cancel(1, true);
  CHECK(b.left == departures{{1, outcome::cancelled}});
  CHECK(b.scheduler.room() == 1);
  b.cancel(1);
  CHECK(b.now().cancelled == 1);
}

TEST_CASE("B18: a running request stays when only waiting ones are to be cancelled, else it leaves") {
  scheduler_bench b;
  b.admit(1);
  b.admit(2);
  REQUIRE(b.start(0ms));
  CHECK(b.seal(0ms));
  b.cancel(1, true);
  CHECK(b.left.empty());
  b.cancel(1);
  CHECK(b.left == departures{{1, outcome::cancelled}});
  CHECK(b.finish(1ms) == numbers{2});
}

TEST_CASE("close fails who waits and lets the running finish") {
  scheduler_bench b;
  b.admit(1);
  REQUIRE(b.start(0ms));
  CHECK(b.seal(0ms));
  b.admit(2);
  b.scheduler.close(at(1ms), b.leaving());
  CHECK(b.left == departures{{2, outcome::shut_down}});
  CHECK(b.scheduler.refusal(1, never, at(1ms)) == outcome::shut_down);
  CHECK(b.scheduler.room() == 0);
  CHECK(!b.scheduler.drained());
  CHECK(b.finish(2ms) == numbers{1});
  CHECK(b.scheduler.drained());
}

TEST_CASE("once everything has ended no deadline of the past asks for a wake-up") {
  scheduler_bench b;
  b.admit(1, 0ms, at(1h));
  REQUIRE(b.start(0ms));
  CHECK(b.seal(0ms));
  b.finish(1ms);
  CHECK(b.next(1ms).wake_at == never);
  b.admit(2, 2ms);
  CHECK(b.next(2ms).wake_at == never);
}
TEST_CASE("a request that is too large is refused and counted as rejected") {
  scheduler_bench b({4, 5ms, 1, 10}, {.refuse_oversize = true});
  waiting_request heavy = waiting(1);
  heavy.work = 11;
  CHECK(b.why_not(heavy) == outcome::too_large);
  b.scheduler.refuse(1, outcome::too_large);
  CHECK(b.now().rejected == 1);
}

TEST_CASE("draining lets the policy go on, flushing does not ask it") {
  const auto stubborn = [](time_point, const queue_view&, std::size_t) -> action { return idle{}; };
  scheduler_bench b({2, 1h, 1}, {}, any_policy(scripted{stubborn}));
  for (std::size_t i = 0; i < 3; ++i) b.admit(i, 0ms, at(30ms - i * 1ms));
  b.scheduler.stop_accepting();
  CHECK(!b.next(0ms).dispatchable);
  CHECK(b.why_not(waiting(9)) == outcome::shut_down);
  b.scheduler.flush();
  CHECK(b.next(0ms).dispatchable);
  REQUIRE(b.start(0ms));
  CHECK(b.scheduler.batch(0).reason() == departure::drain);
  CHECK(b.seal(0ms));
  CHECK(b.finish(0ms) == numbers{2, 1});  // in service order
  CHECK(b.run(0ms) == numbers{0});
  CHECK(b.scheduler.drained());
}

TEST_CASE("what is flushed still keeps the bound on the work of a batch") {
  scheduler_bench b({8, 1h, 1, 3}, {}, any_policy(size_or_timeout{}));
  for (std::size_t i = 0; i < 4; ++i) b.admit(i);
  b.scheduler.flush();
  REQUIRE(b.start(0ms));
  CHECK(b.members() == numbers{0, 1, 2});
  CHECK(b.scheduler.batch(0).reason() == departure::drain);
}

TEST_CASE("abort lets everybody go at once, and the late results are dropped") {
  scheduler_bench b({1, 5ms, 2});
  for (std::size_t i = 0; i < 3; ++i) b.admit(i);
  REQUIRE(b.start(0ms, 0));
  CHECK(b.seal(0ms, 0));
  REQUIRE(b.start(0ms, 1));  // this one is still collecting
  b.scheduler.abort(at(1ms), b.leaving());
  CHECK(b.left == departures{{2, outcome::shut_down}, {0, outcome::shut_down}});
  CHECK(!b.seal(1ms, 1));
  CHECK(b.left.back() == std::pair{std::size_t{1}, outcome::shut_down});
  CHECK(!b.scheduler.drained());
  CHECK(b.finish(9ms, false, 0).empty());
  CHECK(b.scheduler.drained());
  CHECK(b.now().shut_down == 3);
  CHECK(b.why_not(waiting(9)) == outcome::shut_down);
}

TEST_CASE("the ways to end may follow each other in any order, and more than once") {
  scheduler_bench b;
  b.admit(1);
  for (int i = 0; i < 2; ++i) {
    b.scheduler.flush();
    b.scheduler.stop_accepting();
    b.scheduler.abort(at(0ms), b.leaving());
    b.scheduler.close(at(0ms), b.leaving());
  }
  CHECK(b.left == departures{{1, outcome::shut_down}});
  CHECK(b.scheduler.drained());
}

TEST_CASE("the oldest age is that of who arrived first, not of who is served first") {
  scheduler_bench b({4, 1h, 1}, {}, any_policy(size_or_timeout{}));
  CHECK(b.now(5ms).oldest_age == 0ns);
  b.admit(1, 5ms, at(1h));
  b.admit(2, 6ms, at(20ms));
  CHECK(b.now(9ms).oldest_age == 4ms);
  CHECK(b.now(4ms).oldest_age == 0ns);
}

TEST_CASE("stats tell the work that waits and that runs, and for how long") {
  scheduler_bench b({2, 5ms, 1});
  for (std::size_t i = 0; i < 3; ++i) {
    waiting_request request = waiting(i);
    request.work = static_cast<double>(i + 1);
    b.admit(request);
  }
  CHECK(b.now().queued_work == 6);
  REQUIRE(b.start(2ms));
  const stats s = b.now(9ms);
  CHECK(s.queued_work == 3);
  CHECK(s.running_work == 3);
  CHECK(s.longest_running == 7ms);
  CHECK(s.longest_lane == 0);
}
