// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/adaptive.hpp>

#include <support/decision_scene.hpp>
#include <support/doctest.hpp>

#include <cmath>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;
using scene = decision_scene;

TEST_CASE("adaptive is a policy and needs nothing to start with") {
  static_assert(scheduling_policy<adaptive>);
  static_assert(std::is_default_constructible_v<adaptive>);
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

TEST_CASE("B11: a lane that hangs does not count against the limit of batches in flight") {
  scene s;
  s.bounds.lanes = 4;
  s.busy(1);
  s.state.cost.interference = s.state.cost.least_interference = 0.8;
  s.rate(1);
  s.waits({999});
  s.hung_lanes = 1;
  CHECK(s.decision() == "dispatch [0, 1)");
  s.busy(2);
  CHECK(s.decision() == "idle");
}

TEST_CASE("B11: nor does it keep a wrong model from healing") {
  scene s;
  s.bounds.lanes = 2;
  s.busy(1);
  s.waits({976, 977, 978});
  CHECK(s.decision() == "shed [0, 3)");
  s.hung_lanes = 1;
  CHECK(s.decision() == "shed [0, 2)");
}

TEST_CASE("what lanes carry is counted in batches that keep max_batch_work") {
  scene s;
  s.bounds.lanes = 2;
  s.busy(1);
  s.state.cost.interference = s.state.cost.least_interference = 0.45;
  s.rate(1.95);  // one lane carries it in batches of 64, but not in batches of 16
  for (int i = 0; i < 20; ++i) s.waits_until(999, never);
  CHECK(s.decision() == "idle");
  s.bounds.max_batch_work = 16;
  CHECK(s.decision() == "dispatch [0, 16)");
}

TEST_CASE("a batch that has reached max_batch_work is full, as one that has reached max_batch_size") {
  scene s;
  s.waits(999, 0.01, 20);
  CHECK(s.reason() == departure::lane_free);
  s.bounds.max_batch_work = 16;
  CHECK(s.reason() == departure::full);
  s.bounds = {20, {}, 1};
  CHECK(s.reason() == departure::full);
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
  s.waits_until(999, at_ms(1024), 1, at_ms(999));
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

// ---- deadlines of several kinds

TEST_CASE("a request that presses is seen behind one without a deadline") {
  scene s;
  s.waits_until(0, never);
  s.waits({978, 981, 981.1});
  CHECK(s.decision() == "shed [1, 2)");
}

TEST_CASE("requests without a deadline are taken along when those that press would be chosen before them") {
  scene s;
  s.waits_until(0, never);
  s.waits_until(0, never);
  s.waits(981, 0.3, 60);
  const std::string leaving = s.decision();
  CHECK(leaving.substr(0, 18) == "dispatch 0 1 24 25");
  CHECK(leaving.substr(leaving.size() - 6) == " 58 59");
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
  const auto said = adaptive(s.state).forecast(s.bounds, at_ms(1000));
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
  CHECK(adaptive(s.state).forecast(s.bounds, at_ms(1000))->batch_size == 64);
  s.bounds.max_batch_work = 10;
  s.state.work_each = 3;
  CHECK(adaptive(s.state).forecast(s.bounds, at_ms(1000))->batch_size == 3);
  CHECK(adaptive(s.state).forecast(s.bounds, at_ms(1000))->load > 1);
}

TEST_CASE("the forecast's arrival rate falls while nobody comes") {
  scene s;
  s.rate(3);
  s.state.last_arrival = 990;
  const auto rate_at = [&](double ms) {
    return adaptive(s.state).forecast(s.bounds, at_ms(ms))->arrival_rate;
  };
  CHECK(rate_at(990) == doctest::Approx(3000));
  CHECK(rate_at(980) == doctest::Approx(3000));
  CHECK(rate_at(995) == doctest::Approx(3000 * std::exp(-1)));
  CHECK(rate_at(2000) == doctest::Approx(0));
  CHECK(adaptive(s.state).forecast(s.bounds, at_ms(2000))->headroom > 1e6);
}

TEST_CASE("there is no forecast before the first batches, and endless headroom without arrivals") {
  scene s;
  CHECK(adaptive(s.state).forecast(s.bounds, at_ms(1000))->headroom == timeline::infinite);
  CHECK(!adaptive{}.forecast(s.bounds, at_ms(1000)));
}
