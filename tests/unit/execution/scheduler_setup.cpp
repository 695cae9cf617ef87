// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/scheduler_setup.hpp>

#include <support/doctest.hpp>

#include <cstdint>

using namespace carpool;
using namespace std::chrono_literals;

TEST_CASE("policies are given the bounds that they have to keep") {
  const auto bounds = execution::limits_of({.max_batch_size = 7,
                                            .max_batch_work = 5,
                                            .batch_work = &padded_work,
                                            .max_queue_delay = 3ms,
                                            .lanes = 2});
  CHECK(bounds.max_batch_size == 7);
  CHECK(bounds.max_queue_delay == 3ms);
  CHECK(bounds.lanes == 2);
  CHECK(bounds.max_batch_work == 5);
  CHECK((bounds.batch_work == &padded_work));
}

TEST_CASE("the scheduler is given the rest") {
  const auto rules =
      execution::rules_of({.oversize = oversize::refuse,
                           .max_queue_size = 9,
                           .max_queue_work = 8,
                           .max_queue_size_per_key = 7,
                           .max_overtaking = 6ms,
                           .fair_sharing = true,
                           .key_weight = [](std::uint64_t key) { return key == 2 ? 2.5 : 1.0; },
                           .hung_after = 5ms});
  CHECK(rules.max_size == 9);
  CHECK(rules.max_work == 8);
  CHECK(rules.max_size_per_key == 7);
  CHECK(rules.refuse_oversize);
  CHECK(rules.max_overtaking == 6ms);
  CHECK(rules.fair_sharing);
  CHECK(rules.key_weight(2) == 2.5);
  CHECK(rules.hung_after == 5ms);
  CHECK(!execution::rules_of({}).refuse_oversize);
}
