// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/doomed.hpp>

#include <support/decision_scene.hpp>
#include <support/doctest.hpp>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;

using scene = decision_scene;

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

TEST_CASE("none is left to try the model on where a batch of late was not faster than it says") {
  scene s;
  s.waits({976, 977, 978});
  s.state.confirmed = 960;
  CHECK(s.decision() == "shed [0, 3)");
  s.state.confirmed = 920;
  CHECK(s.decision() == "shed [0, 2)");
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
