// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/look_above.hpp>

#include <support/decision_scene.hpp>
#include <support/doctest.hpp>

using namespace carpool::scheduling;
using namespace carpool::test;

namespace {

/// A lane of two is busy, and the other one beyond the limit.
decision_scene one_may_run() {
  decision_scene s;
  s.bounds.lanes = 2;
  s.bounds.max_batch_size = 8;
  s.slack(1e6);
  s.busy(1);
  s.state.cost.interference = s.state.cost.least_interference = 1.2;
  s.rate(4);
  return s;
}

}  // namespace

TEST_CASE("a look lasts for some batches, and the next one begins later each time") {
  look_above looks;
  std::size_t begun = 0, allowed = 0, last = 0;
  for (std::size_t batches = 0; batches < 20000; ++batches) {
    if (!looks.allows(batches)) continue;
    ++allowed;
    if (begun > 0 && last + 1 == batches) {
      last = batches;
      continue;
    }
    ++begun;
    last = batches;
  }
  CHECK(begun > 20000 / (look_above::longest_gap + look_above::length));
  CHECK(begun < 20000 / look_above::longest_gap + 6);
  CHECK(allowed == begun * look_above::length);
}

TEST_CASE("a look begins when it is wanted, however long ago it could have") {
  look_above looks;
  CHECK(looks.allows(1000));
  CHECK(looks.allows(1007));
  CHECK(!looks.allows(1008));
}

TEST_CASE("where time is short only a full batch may leave beyond the limit") {
  decision_scene s = one_may_run();
  s.slack(50);
  s.waits(999, 0, 7);
  CHECK(s.decision() == "idle");
  s.waits({999});
  CHECK(s.decision() == "dispatch [0, 8)");
  s.state.looks = {.until = 100, .next = 150};
  CHECK(s.decision() == "idle");
}

TEST_CASE("where there is time one as large as usual may") {
  decision_scene s = one_may_run();
  s.state.cost.moments[0] = {100, 500, 0};  // 100 batches of 5 requests
  s.state.peak.value = 1;                   // nobody else is to come
  s.waits(999, 0, 4);
  CHECK(s.decision() == "idle");
  s.waits({999});
  CHECK(s.decision() == "dispatch [0, 5)");
}
