// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/adaptive.hpp>

#include <support/decision_scene.hpp>
#include <support/doctest.hpp>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;

namespace {

using scene = decision_scene;

/// Four lanes, three of them busy, three requests waiting and more to come.
scene one_of_four_is_idle(std::initializer_list<double> arrivals = {998.5, 999, 999.5}) {
  scene s;
  s.bounds.lanes = 4;
  s.busy(3);
  s.rate(3);
  s.state.last_dispatch = 999;
  s.waits(arrivals);
  return s;
}

}  // namespace

TEST_CASE("adaptive is a policy and needs nothing to start with") {
  static_assert(scheduling_policy<adaptive>);
  static_assert(std::is_default_constructible_v<adaptive>);
}

// ---- requests that cannot be on time

TEST_CASE("D1: requests that would be late even alone are shed") {
  scene s;
  s.waits({978, 979.5, 990});
  CHECK(s.decision() == "shed [0, 2)");
}

TEST_CASE("D2: one request is left when nothing runs, because a wrong model heals only by running") {
  scene s;
  s.waits({976, 977, 978});
  CHECK(s.decision() == "shed [0, 2)");
  s.bounds.lanes = 2;
  s.busy(1);
  CHECK(s.decision() == "shed [0, 3)");
}

TEST_CASE("D8: deadlines shorter than a batch are not acted on once the model is sure of it") {
  scene s;
  s.state.cost.fixed = 26;
  s.waits(999, 0.1, 9);
  s.state.cost.batches = 10;
  CHECK(s.decision().substr(0, 4) == "shed");
  s.state.cost.batches = 100;
  CHECK(s.decision() == "dispatch [0, 9)");
}

// ---- the run of the queue

TEST_CASE("a batch that is safely on time is the head of the queue") {
  scene s;
  s.waits(999, 0.01, 100);
  CHECK(s.decision() == "dispatch [0, 64)");
}

TEST_CASE("D4: of an old queue those leave that survive the batch they are in") {
  scene s;
  s.waits(981, 0.3, 60);
  CHECK(s.decision() == "dispatch [22, 60)");
}

TEST_CASE("D5: a head at risk is taken along when it would be lost otherwise and costs nobody else much") {
  scene s;
  s.waits({980.6, 999});
  CHECK(s.decision() == "dispatch [0, 2)");
}

TEST_CASE("D6: skipping the head saves the others") {
  scene s;
  s.waits({980.6, 981, 981.4, 999});
  CHECK(s.decision() == "dispatch [1, 4)");
}

TEST_CASE("D7: forty of one age leave some behind, so that the others are on time") {
  scene s;
  s.waits(988, 0, 40);
  CHECK(s.decision() == "dispatch [5, 40)");
}

// ---- spacing the departures of several lanes

TEST_CASE("S1: a small batch waits for a spaced departure after the last one") {
  CHECK(one_of_four_is_idle().decision() == "wait until 1000.8382");
}

TEST_CASE("S2: the wait is counted from the head's arrival if no departure was later") {
  scene s = one_of_four_is_idle();
  s.state.last_dispatch = 990;
  CHECK(s.decision() == "wait until 1000.3382");
}

TEST_CASE("S3: no wait spends the head's deadline") {
  scene s = one_of_four_is_idle({982.5, 999, 999.5});
  s.state.last_dispatch = 999.9;
  CHECK(s.decision() == "wait until 1001.2150");
}

TEST_CASE("S4: a batch as large as a spaced departure finds leaves") {
  scene s = one_of_four_is_idle({});
  s.waits(998, 0.2, 6);
  CHECK(s.decision() == "dispatch [0, 6)");
}

TEST_CASE("S5: nobody is waited for when everybody is here") {
  scene s = one_of_four_is_idle();
  s.state.peak.value = 3;
  CHECK(s.decision() == "dispatch [0, 3)");
}

TEST_CASE("a wait ends when its time has come") {
  scene s = one_of_four_is_idle();
  CHECK(s.decision(1000.84) == "dispatch [0, 3)");
}

TEST_CASE("S6: where work dominates a wait wastes it, unless the load is beyond the lanes anyway") {
  scene s;
  s.slack(200);
  s.bounds.lanes = 4;
  s.busy(3);
  s.state.last_dispatch = 999;
  s.waits({998.5, 999, 999.5});
  s.rate(14);
  CHECK(s.decision() == "dispatch [0, 3)");
  s.rate(14, 20);
  CHECK(s.decision() == "wait until 1004.2083");
}

// ---- several lanes at once

TEST_CASE("X1: what waits is shared between the lanes that are idle") {
  scene s;
  s.bounds.lanes = 4;
  s.state.cost.batches = 20;
  s.rate(0.1);
  s.waits(999, 0, 12);
  CHECK(s.decision() == "dispatch [0, 3)");
}

TEST_CASE("H1: a batch stays when it would make those that run late") {
  const auto scene_due_at = [](double deadline) {
    scene s;
    s.bounds.lanes = 2;
    s.state.cost.interference = s.state.cost.least_interference = 0.2;
    s.rate(2);
    s.runs(994, 20, deadline);
    s.waits({999, 999.5});
    s.state.peak.value = 2;
    return s;
  };
  CHECK(scene_due_at(1003.3).decision() == "idle");
  CHECK(scene_due_at(1020).decision() == "dispatch [0, 2)");
}

TEST_CASE("a lane beyond the limit of batches in flight stays idle") {
  scene s;
  s.bounds.lanes = 4;
  s.busy(1);
  s.state.cost.interference = s.state.cost.least_interference = 0.8;
  s.rate(1);
  s.waits({999});
  CHECK(s.decision() == "idle");
}

// ---- waiting for company

namespace {

/// One lane: every 7 ms a request meets it idle and others follow.
struct fan_out {
  adaptive policy{[] {
    decision_scene s;
    s.slack(50);
    s.state.peak.value = 1e9;
    s.state.peak.since = 1e9;
    return s.state;
  }()};
  limits bounds{64, {}, 1};
  double start = 1000;

  action arrival_meets_idle_lane(const wait_queue& queue) {
    policy.on_arrival(queue[0]);
    return policy.decide(queue[0].arrival, queue_view(queue, bounds, false), 1);
  }

  /// Whether the first request leaves at once; the others follow while it runs.
  bool epoch(std::initializer_list<double> followers) {
    start += 7;
    wait_queue queue;
    queue.push_back({.arrival = at_ms(start), .deadline = at_ms(start + 50)});
    const bool at_once = std::holds_alternative<dispatch>(arrival_meets_idle_lane(queue));
    for (const double after : followers)
      policy.on_arrival({.arrival = at_ms(start + after), .deadline = at_ms(start + after + 50)});
    policy.on_removed(1 + followers.size(), at_ms(start + 6));
    return at_once;
  }
};

}  // namespace

TEST_CASE("G1: after sixteen bursts that a short wait would have caught, it waits for the next one") {
  fan_out traffic;
  for (int i = 0; i < 40; ++i) CHECK(traffic.epoch({0.04, 0.08, 0.12, 0.16, 0.2, 0.24, 0.28}) == (i < 16));
  wait_queue queue;
  queue.push_back({.arrival = at_ms(1300), .deadline = at_ms(1350)});
  const auto wanted = traffic.arrival_meets_idle_lane(queue);
  REQUIRE(std::holds_alternative<wait_until>(wanted));
  CHECK(std::get<wait_until>(wanted).when - at_ms(1300) == std::chrono::nanoseconds(312'500));
}

TEST_CASE("followers that come too late for any wait, or not at all, are not waited for") {
  fan_out late, alone;
  for (int i = 0; i < 40; ++i) {
    CHECK(late.epoch({2.6, 3, 3.4, 3.8, 4.2, 4.6, 5}));
    CHECK(alone.epoch({}));
  }
}

// ---- promises to callers

TEST_CASE("no wait holds a request beyond its leave_by while a lane is free") {
  scene s = one_of_four_is_idle();
  s.waits_until(999.9, never, 1, at_ms(1000.5));
  CHECK(s.decision() == "wait until 1000.5000");
  CHECK(s.decision(1000.5) == "dispatch [0, 4)");
}

TEST_CASE("a limit on batches in flight does not hold it either") {
  scene s;
  s.bounds.lanes = 4;
  s.busy(1);
  s.state.cost.interference = s.state.cost.least_interference = 0.8;
  s.waits({999});
  s.waits_until(999, never, 1, at_ms(1003));
  CHECK(s.decision() == "wait until 1003.0000");
  CHECK(s.decision(1003) == "dispatch [0, 2)");
}

TEST_CASE("the batch that leaves at a leave_by contains that request") {
  scene s;
  s.bounds.max_batch_size = 2;
  s.waits({997, 998});
  s.waits_until(999, never, 1, at_ms(999));
  s.waits({999.5, 999.6});
  CHECK(s.decision() == "dispatch [2, 4)");
}

TEST_CASE("when everybody is due the deadlines choose") {
  scene s;
  for (const double arrival : {980.6, 981.0, 981.4, 999.0})
    s.waits_until(arrival, at_ms(arrival + 25), 1, at_ms(arrival));
  CHECK(s.decision() == "dispatch [1, 4)");
}

TEST_CASE("when nobody else can come nobody is waited for") {
  scene s = one_of_four_is_idle();
  s.closed = true;
  CHECK(s.decision() == "dispatch [0, 3)");
}

TEST_CASE("a batch keeps max_batch_work, and one request may exceed it alone") {
  scene s;
  s.bounds.max_batch_work = 10;
  for (const double work : {4.0, 5.0, 2.0, 1.0}) s.waits_until(999, at_ms(1100), work);
  CHECK(s.decision() == "dispatch [0, 2)");
  scene large;
  large.bounds.max_batch_work = 10;
  for (const double work : {40.0, 1.0}) large.waits_until(999, at_ms(1100), work);
  CHECK(large.decision() == "dispatch [0, 1)");
}

TEST_CASE("a batch is at most twice the largest that has ended") {
  scene s;
  s.state.largest_batch = 3;
  s.waits(999, 0, 20);
  CHECK(s.decision() == "dispatch [0, 6)");
  s.state.largest_batch = 0;
  CHECK(s.decision() == "dispatch [0, 2)");
}

// ---- padded batches

namespace {

scene padded(std::initializer_list<double> lengths, double slack = 50) {
  scene s;
  s.slack(slack);
  s.bounds.batch_work = &padded_work;
  s.state.cost.fixed = 4;
  s.state.cost.per_work = 0.004;
  s.state.work_each = 66;
  double arrival = 990;
  for (const double length : lengths) {
    s.waits_until(arrival, at_ms(arrival + slack), length);
    ++arrival;
  }
  return s;
}

}  // namespace

TEST_CASE("B1: of texts that are padded to the longest those leave that are as short as the first") {
  CHECK(padded({30, 500, 40, 480, 35, 28, 510}).decision() == "dispatch 0 2 4 5");
  CHECK(padded({500, 30, 40, 480, 35, 28, 510}).decision() == "dispatch 0 3 6");
}

TEST_CASE("texts of similar length leave together, and what padding costs a lot leaves apart") {
  CHECK(padded({30, 31, 32, 33}).decision() == "dispatch [0, 4)");
  CHECK(padded({500, 10, 10, 10}).decision() == "dispatch [0, 1)");
}

TEST_CASE("a group is no larger than max_batch_work and max_batch_size") {
  scene heavy = padded({30, 30, 30, 30});
  heavy.bounds.max_batch_work = 60;
  CHECK(heavy.decision() == "dispatch [0, 2)");
  heavy.bounds.max_batch_work = 1;
  CHECK(heavy.decision() == "dispatch [0, 1)");
  scene many = padded({30, 30, 30, 30});
  many.bounds.max_batch_size = 2;
  CHECK(many.decision() == "dispatch [0, 2)");
}

TEST_CASE("a text that would be late in its group is left out") {
  scene s = padded({400, 400, 400, 400});
  s.queue.erase_if([](const auto&) { return true; }, [](const auto&) {});
  s.waits_until(990, at_ms(1008), 400);
  for (int i = 0; i < 3; ++i) s.waits_until(991, at_ms(1041), 400);
  CHECK(s.decision() == "dispatch [1, 4)");
}

TEST_CASE("a text that must leave does, whatever its length") {
  scene s = padded({30, 500, 40});
  s.waits_until(995, never, 900, at_ms(999));
  CHECK(s.decision() == "dispatch [3, 4)");
}

// ---- deadlines of several kinds

TEST_CASE("a request that presses is seen behind one without a deadline") {
  scene s;
  s.waits_until(990, never);
  s.waits({978, 981, 981.1});
  CHECK(s.decision() == "shed [1, 2)");
  scene old;
  old.waits_until(990, never);
  old.waits(981, 0.3, 60);
  CHECK(old.decision() == "dispatch [23, 61)");
}

TEST_CASE("a small request is not shed by the mean work of the others") {
  scene s;
  s.state.work_each = 20;
  s.waits_until(980, at_ms(1006), 1);
  s.waits_until(980, at_ms(1007), 20);
  CHECK(s.decision() == "shed [1, 2)");
}

TEST_CASE("a request that can be on time is never shed, in whatever order the queue is") {
  scene s;
  for (const double slack : {40.0, 6.0, 30.0, 5.5, 90.0}) s.waits_until(1000, at_ms(1000 + slack));
  CHECK(s.decision().substr(0, 8) == "dispatch");
}

// ---- learning

TEST_CASE("a failed batch frees the lane and teaches nothing") {
  adaptive policy;
  const auto request = waiting(1);
  policy.on_arrival(request);
  policy.on_dispatch(0, {&request, 1}, at({}));
  CHECK(policy.state().running.count == 1);
  policy.on_done(0, at(std::chrono::seconds{1}), true);
  CHECK(policy.state().running.count == 0);
  CHECK(policy.state().outstanding == 0);
  CHECK(policy.state().cost.batches == 0);
}

TEST_CASE("a batch teaches its time, its work and how many ran beside it") {
  adaptive policy;
  using std::chrono::milliseconds;
  std::vector<waiting_request> members(3, waiting(1));
  for (auto& member : members) {
    member.work = 7;
    policy.on_arrival(member);
  }
  policy.on_dispatch(0, {members.data(), 2}, at(milliseconds{0}));
  policy.on_dispatch(1, {members.data(), 1}, at(milliseconds{5}));
  policy.on_done(0, at(milliseconds{10}), false);
  CHECK(policy.state().cost.fixed == 10);
  CHECK(policy.state().cost.moments[0][1] == 14);
  CHECK(policy.state().cost.moments[0][2] == doctest::Approx(5));
  CHECK(policy.state().work_each == 7);
  CHECK(policy.state().largest_batch == 2);
  CHECK(policy.state().outstanding == 1);
}

TEST_CASE("events that are reported out of order do not turn time back") {
  adaptive policy;
  using std::chrono::milliseconds;
  policy.on_arrival(waiting(1, at(milliseconds{5})));
  policy.on_arrival(waiting(2, at(milliseconds{3})));
  CHECK(policy.state().now == 0);
  policy.on_arrival(waiting(3, at(milliseconds{6})));
  CHECK(policy.state().now == 1);
}

TEST_CASE("an epoch ends when the queue runs empty without a batch") {
  scene s = one_of_four_is_idle();
  adaptive policy(s.state);
  static_cast<void>(policy.decide(at_ms(1000), queue_view(s.queue, s.bounds, false), 1));
  CHECK(policy.state().epoch);
  policy.on_removed(2, at_ms(1001));
  CHECK(policy.state().epoch);
  policy.on_removed(1, at_ms(1001));
  CHECK(!policy.state().epoch);
}

// ---- the forecast

TEST_CASE("the forecast says what batches cost and how far the lanes are from their limit") {
  scene s;
  s.bounds.lanes = 4;
  s.rate(3);
  const auto said = adaptive(s.state).forecast(s.bounds);
  REQUIRE(said);
  CHECK(said->batch_cost.count() == 5);
  CHECK(said->work_cost.count() == 0.2);
  CHECK(said->arrival_rate == 3000);
  CHECK(said->batch_size == doctest::Approx(4.4118).epsilon(0.00002));
  CHECK(said->in_flight_limit == 4);
  CHECK(said->load == doctest::Approx(3 / 14.382).epsilon(0.0001));
  CHECK(said->headroom == doctest::Approx(14.382 / 3).epsilon(0.0001));
}

TEST_CASE("the forecast keeps the bounds and counts on batches that have not been tried") {
  scene s;
  s.slack(timeline::infinite);
  s.state.largest_batch = 2;
  s.rate(1000);
  CHECK(adaptive(s.state).forecast(s.bounds)->batch_size == 64);
  s.bounds.max_batch_work = 10;
  s.state.work_each = 3;
  CHECK(adaptive(s.state).forecast(s.bounds)->batch_size == 3);
  CHECK(adaptive(s.state).forecast(s.bounds)->load > 1);
}

TEST_CASE("there is no forecast before the first batches, and endless headroom without arrivals") {
  scene s;
  CHECK(adaptive(s.state).forecast(s.bounds)->headroom == timeline::infinite);
  CHECK(!adaptive{}.forecast(s.bounds));
}
