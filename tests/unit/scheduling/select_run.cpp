// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/select_run.hpp>

#include <support/decision_scene.hpp>
#include <support/doctest.hpp>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;

using scene = decision_scene;

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
