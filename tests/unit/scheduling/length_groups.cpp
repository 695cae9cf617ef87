// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/length_groups.hpp>

#include <support/decision_scene.hpp>
#include <support/doctest.hpp>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;

namespace {

using scene = decision_scene;

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

TEST_CASE("B33: of texts that are padded to the longest those leave that are as short as the first") {
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
