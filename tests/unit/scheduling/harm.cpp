// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/harm.hpp>

#include <support/decision_scene.hpp>
#include <support/doctest.hpp>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;

using scene = decision_scene;

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
