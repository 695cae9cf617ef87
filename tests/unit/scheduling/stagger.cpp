// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/stagger.hpp>

#include <support/decision_scene.hpp>
#include <support/doctest.hpp>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;
using scene = decision_scene;

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
