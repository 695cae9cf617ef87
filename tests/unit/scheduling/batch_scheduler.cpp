// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/batch_scheduler.hpp>
#include <carpool/scheduling/eager.hpp>
#include <carpool/scheduling/size_or_timeout.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <functional>
#include <optional>
#include <utility>
#include <vector>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;
using namespace std::chrono_literals;
using numbers = std::vector<std::size_t>;

namespace {

/// A scheduler, and who left it why.
struct bench {
  explicit bench(limits bounds = {4, 5ms, 1}, std::size_t max_queue_size = 8,
                 any_policy policy = any_policy(eager{}))
      : scheduler(bounds, max_queue_size, std::move(policy)) {}

  auto leaving() {
    return [this](void* handle, outcome why) { left.emplace_back(number_of(handle), why); };
  }
  void admit(std::size_t number, duration now = 0ms, time_point deadline = never) {
    REQUIRE(!scheduler.refusal(1, deadline, at(now)));
    scheduler.admit(waiting(number, at(now), deadline));
  }
  next_step next(duration now) { return scheduler.next(at(now), leaving()); }
  bool start(duration now, std::size_t lane = 0) { return scheduler.start(lane, at(now), leaving()); }
  bool seal(duration now, std::size_t lane = 0) {
    return scheduler.seal(lane, at(now),
                          [this](std::size_t, void* handle, outcome why) { leaving()(handle, why); });
  }
  /// Ends the batch; the numbers of those who still waited.
  numbers finish(duration now, bool failed = false, std::size_t lane = 0) {
    numbers claimed;
    scheduler.finish(lane, at(now), failed, [&](std::size_t, void* handle) {
      claimed.push_back(number_of(handle));
      return !failed;
    });
    return claimed;
  }
  numbers members(std::size_t lane = 0) const {
    numbers result;
    for (const auto& member : scheduler.batch(lane).members()) result.push_back(number_of(member.handle));
    return result;
  }
  void cancel(std::size_t number, bool only_if_waiting = false, duration now = 0ms) {
    scheduler.cancel(&request_numbers.at(number), only_if_waiting, at(now), leaving());
  }
  stats now(duration time = 0ms) const {
    const stats s = scheduler.snapshot(at(time));
    CHECK(s.submitted ==
          s.succeeded + s.failed + s.rejected + s.expired + s.cancelled + s.shut_down + s.queued + s.running);
    return s;
  }

  batch_scheduler scheduler;
  std::vector<std::pair<std::size_t, outcome>> left;
};

using departures = std::vector<std::pair<std::size_t, outcome>>;

/// A policy made of one function.
struct scripted {
  std::function<action(time_point, const queue_view&, std::size_t)> rule;
  void on_arrival(const waiting_request&) {}
  void on_removed(std::size_t, time_point) {}
  void on_dispatch(std::size_t, std::span<const waiting_request>, time_point) {}
  void on_done(std::size_t, time_point, bool) {}
  action decide(time_point now, const queue_view& queue, std::size_t free_lanes) {
    return rule(now, queue, free_lanes);
  }
};

}  // namespace

TEST_CASE("a request goes through: queued, running, succeeded") {
  bench b;
  CHECK(!b.next(0ms).dispatchable);
  b.admit(1, 0ms);
  CHECK(b.now().queued == 1);
  CHECK(b.next(0ms).dispatchable);
  REQUIRE(b.start(2ms));
  CHECK(b.members() == numbers{1});
  CHECK(b.now().running == 1);
  CHECK(b.now().busy_lanes == 1);
  CHECK(b.seal(2ms));
  CHECK(b.finish(7ms) == numbers{1});
  const stats s = b.now();
  CHECK(s.succeeded == 1);
  CHECK(s.batches == 1);
  CHECK(s.departed(departure::lane_free) == 1);
  CHECK(s.busy_lanes == 0);
  CHECK(s.queue_time.sum() == 2'000'000);
  CHECK(s.execution_time.sum() == 5'000'000);
  CHECK(b.left.empty());
}

TEST_CASE("while every lane is busy the queue gathers, and a free one takes the oldest") {
  bench b;
  for (std::size_t i = 0; i < 1; ++i) b.admit(i);
  REQUIRE(b.start(0ms));
  for (std::size_t i = 1; i < 7; ++i) b.admit(i);
  CHECK(!b.next(0ms).dispatchable);
  CHECK(b.seal(0ms));
  b.finish(1ms);
  CHECK(b.next(1ms).dispatchable);
  REQUIRE(b.start(1ms));
  CHECK(b.members() == numbers{1, 2, 3, 4});
  CHECK(b.now().queued == 2);
}

TEST_CASE("several lanes run side by side") {
  bench b({2, 5ms, 2});
  for (std::size_t i = 0; i < 5; ++i) b.admit(i);
  REQUIRE(b.start(0ms, 0));
  CHECK(b.next(0ms).dispatchable);
  REQUIRE(b.start(0ms, 1));
  CHECK(!b.next(0ms).dispatchable);
  CHECK(b.members(0) == numbers{0, 1});
  CHECK(b.members(1) == numbers{2, 3});
  CHECK(b.now().busy_lanes == 2);
  CHECK(b.seal(0ms, 1));
  CHECK(b.finish(1ms, false, 1) == numbers{2, 3});
  REQUIRE(b.start(1ms, 1));
  CHECK(b.members(1) == numbers{4});
}

TEST_CASE("a start that the policy does not want takes nothing") {
  bench b({4, 5ms, 1}, 8, any_policy(size_or_timeout{}));
  CHECK(!b.start(0ms));
  b.admit(1, 0ms);
  CHECK(!b.start(1ms));
  CHECK(b.next(1ms).wake_at == at(5ms));
  CHECK(b.start(5ms));
}

TEST_CASE("B12: a full queue refuses, and so does one without room for all") {
  bench b({4, 5ms, 1}, 3);
  b.admit(1);
  CHECK(b.scheduler.room() == 2);
  CHECK(b.scheduler.refusal(3, never, at(0ms)) == outcome::rejected);
  CHECK(!b.scheduler.refusal(2, never, at(0ms)));
  CHECK(b.scheduler.refusal(static_cast<std::size_t>(-1), never, at(0ms)) == outcome::rejected);
  b.scheduler.refuse(3, outcome::rejected);
  CHECK(b.now().rejected == 3);
}

TEST_CASE("B14: a deadline that is not in the future is refused as expired") {
  bench b;
  CHECK(b.scheduler.refusal(1, at(5ms), at(5ms)) == outcome::expired);
  CHECK(b.scheduler.refusal(1, at(4ms), at(5ms)) == outcome::expired);
  CHECK(!b.scheduler.refusal(1, at(5ms) + 1ns, at(5ms)));
}

TEST_CASE("B15: a waiting request leaves at its deadline, and the scheduler asks to be woken then") {
  bench b({4, 1h, 1}, 8, any_policy(size_or_timeout{}));
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

TEST_CASE("an expired request is not in the batch that starts at its deadline") {
  bench b;
  b.admit(1, 0ms, at(3ms));
  b.admit(2, 0ms);
  REQUIRE(b.start(3ms));
  CHECK(b.members() == numbers{2});
  CHECK(b.left == departures{{1, outcome::expired}});
}

TEST_CASE("B16: a deadline that passes while the batch runs lets its caller go and leaves the mates") {
  bench b;
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
  bench b({4, 5ms, 1}, 2);
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
  bench b;
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

TEST_CASE("who leaves while the lane collects goes at the seal") {
  bench b;
  b.admit(1);
  b.admit(2);
  REQUIRE(b.start(0ms));
  b.cancel(2);
  CHECK(b.left.empty());
  CHECK(b.now().running == 2);
  CHECK(b.seal(0ms));
  CHECK(b.left == departures{{2, outcome::cancelled}});
  CHECK(b.now().running == 1);
  CHECK(b.now().batch_size.sum() == 1);
  CHECK(b.finish(1ms) == numbers{1});
}

TEST_CASE("B19: a batch that everybody has left before its run is over without one") {
  bench b;
  b.admit(1);
  b.admit(2, 0ms, at(1ms));
  REQUIRE(b.start(0ms));
  b.cancel(1);
  CHECK(!b.next(1ms).dispatchable);
  CHECK(!b.seal(1ms));
  CHECK(b.left == departures{{2, outcome::expired}, {1, outcome::cancelled}});
  CHECK(b.now().batches == 0);
  CHECK(b.now().busy_lanes == 0);
  CHECK(b.scheduler.empty());
}

TEST_CASE("a failed batch counts its members as failed") {
  bench b;
  b.admit(1);
  b.admit(2);
  REQUIRE(b.start(0ms));
  CHECK(b.seal(0ms));
  CHECK(b.finish(1ms, true) == numbers{1, 2});
  CHECK(b.now().failed == 2);
  CHECK(b.now().batches == 1);
}

TEST_CASE("close fails who waits and lets the running finish") {
  bench b;
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

TEST_CASE("a scheduler that takes no more requests lets those who wait leave at once") {
  bench b({4, 1h, 1}, 8, any_policy(size_or_timeout{}));
  b.admit(1);
  CHECK(!b.next(0ms).dispatchable);
  b.scheduler.stop_accepting();
  CHECK(b.next(0ms).dispatchable);
  REQUIRE(b.start(0ms));
  CHECK(b.scheduler.batch(0).reason() == departure::drain);
}

TEST_CASE("requests that a policy sheds expire, and it is asked again") {
  numbers doomed;
  const auto rule = [&](time_point, const queue_view& queue, std::size_t) -> action {
    doomed.clear();
    for (std::size_t i = 0; i < queue.size(); ++i)
      if (number_of(queue[i].handle) % 2 == 1) doomed.push_back(i);
    if (!doomed.empty()) return shed{positions::list(doomed)};
    return dispatch{positions::run(0, queue.size()), departure::lane_free};
  };
  bench b({4, 5ms, 1}, 8, any_policy(scripted{rule}));
  for (std::size_t i = 0; i < 4; ++i) b.admit(i);
  CHECK(b.next(0ms).dispatchable);
  CHECK(b.left == departures{{1, outcome::expired}, {3, outcome::expired}});
  REQUIRE(b.start(0ms));
  CHECK(b.members() == numbers{0, 2});
  b.left.clear();
  CHECK(b.seal(0ms));
  b.finish(0ms);
  b.admit(5);
  CHECK(!b.next(0ms).dispatchable);
  CHECK(b.left == departures{{5, outcome::expired}});
}

TEST_CASE("a policy may pick any positions for a batch") {
  static constexpr std::size_t spread[] = {1, 3};
  const auto rule = [](time_point, const queue_view& queue, std::size_t) -> action {
    if (queue.size() < 4) return idle{};
    return dispatch{positions::list(spread), departure::deadline};
  };
  bench b({4, 5ms, 1}, 8, any_policy(scripted{rule}));
  for (std::size_t i = 0; i < 4; ++i) b.admit(i);
  REQUIRE(b.start(0ms));
  CHECK(b.members() == numbers{1, 3});
  CHECK(b.scheduler.batch(0).reason() == departure::deadline);
  CHECK(b.now().queued == 2);
}

TEST_CASE("a batch is never larger than the queue can hold") {
  std::size_t seen = 0;
  const auto rule = [&](time_point, const queue_view& queue, std::size_t) -> action {
    seen = queue.bounds().max_batch_size;
    return idle{};
  };
  bench b({100, 5ms, 1}, 3, any_policy(scripted{rule}));
  b.admit(1);
  CHECK(!b.next(0ms).dispatchable);
  CHECK(seen == 3);
}

TEST_CASE("the oldest age is that of the head of the queue") {
  bench b({4, 1h, 1}, 8, any_policy(size_or_timeout{}));
  CHECK(b.now(5ms).oldest_age == 0ns);
  b.admit(1, 5ms);
  b.admit(2, 6ms);
  CHECK(b.now(9ms).oldest_age == 4ms);
  CHECK(b.now(4ms).oldest_age == 0ns);
}

TEST_CASE("once everything has ended no deadline of the past asks for a wake-up") {
  bench b;
  b.admit(1, 0ms, at(1h));
  REQUIRE(b.start(0ms));
  CHECK(b.seal(0ms));
  b.finish(1ms);
  CHECK(b.next(1ms).wake_at == never);
  b.admit(2, 2ms);
  CHECK(b.next(2ms).wake_at == never);
}
