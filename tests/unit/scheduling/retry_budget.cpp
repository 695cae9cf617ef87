// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/retry_budget.hpp>

#include <support/doctest.hpp>

#include <cstddef>
#include <limits>

using carpool::scheduling::retry_budget;

TEST_CASE("B9: a search in a batch of n takes two runs per halving and one more") {
  CHECK(retry_budget::runs_to_search(0) == 0);
  CHECK(retry_budget::runs_to_search(1) == 0);
  CHECK(retry_budget::runs_to_search(2) == 3);
  CHECK(retry_budget::runs_to_search(32) == 11);
  CHECK(retry_budget::runs_to_search(33) == 13);
  CHECK(retry_budget::runs_to_search(std::numeric_limits<std::size_t>::max()) == 129);
}

TEST_CASE("B9: one search in a full batch is free, and then the budget is used up") {
  retry_budget budget(32);
  CHECK(budget.grant(8) == 7);
  CHECK(budget.grant(32) == 4);
  CHECK(budget.grant(32) == 0);
}

TEST_CASE("B9: runs that were not needed and good runs come back, up to one search") {
  retry_budget budget(32);
  budget.give_back(budget.grant(32) - 6);
  CHECK(budget.grant(32) == 5);
  for (int i = 0; i < 3; ++i) budget.on_good_run();
  CHECK(budget.grant(32) == 3);
  for (int i = 0; i < 1000; ++i) budget.on_good_run();
  CHECK(budget.grant(32) == 11);
  CHECK(budget.grant(32) == 0);
}

TEST_CASE("B9: re-runs never exceed the good runs and one search, however runs end") {
  retry_budget budget(32);
  std::size_t good = 0;
  std::size_t again = 0;
  for (std::size_t i = 0; i < 10'000; ++i) {
    if (i * 7919 % 13 < 4) {
      budget.on_good_run();
      ++good;
    } else {
      const std::size_t runs = budget.grant(1 + i % 32);
      const std::size_t used = runs - i % (runs + 1);
      budget.give_back(runs - used);
      again += used;
    }
    REQUIRE(again <= good + retry_budget::runs_to_search(32));
  }
}
