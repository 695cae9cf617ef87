// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/split.hpp>

#include <support/decision_scene.hpp>
#include <support/doctest.hpp>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;

using scene = decision_scene;

TEST_CASE("X1: what waits is shared between the lanes that are idle") {
  scene s;
  s.bounds.lanes = 4;
  s.state.cost.batches = 20;
  s.rate(0.1);
  s.waits(999, 0, 12);
  CHECK(s.decision() == "dispatch [0, 3)");
}

TEST_CASE("when nobody else is expected, each idle lane takes its share, however fast they came") {
  scene s;
  s.bounds.lanes = 2;
  s.rate(4);  // they have just come back together
  s.waits(999, 0, 16);
  s.state.peak = {.value = 16, .since = 999};
  CHECK(s.decision() == "dispatch [0, 8)");
}
