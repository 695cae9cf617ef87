// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/bert/token_budget.hpp>

#include <support/doctest.hpp>

#include <random>
#include <vector>

using carpool::bert::timed_run;
using carpool::bert::token_budget;

namespace {

/// Runs that take `fixed` + `per_token` each, give or take a share of `noise`.
std::vector<timed_run> runs(double fixed, double per_token, double noise = 0) {
  std::mt19937 engine(1);
  std::uniform_real_distribution<double> error(1 - noise, 1 + noise);
  std::vector<timed_run> all;
  for (double tokens = 64; tokens <= 65536; tokens *= 2)
    all.push_back({tokens, (fixed + per_token * tokens) * error(engine)});
  return all;
}

}  // namespace

TEST_CASE("the budget is where 95 % of the highest rate are reached") {
  const double budget = token_budget(runs(200e-6, 0.5e-6));
  CHECK(budget == doctest::Approx(7600));
  CHECK(budget / (200e-6 + 0.5e-6 * budget) == doctest::Approx(0.95 / 0.5e-6));
}

TEST_CASE("noise of 5 % moves it little") {
  CHECK(token_budget(runs(200e-6, 0.5e-6, 0.05)) == doctest::Approx(7600).epsilon(0.15));
}

TEST_CASE("it stays within what was tried") {
  CHECK(token_budget(runs(0, 1e-6)) == 64);
  CHECK(token_budget(runs(1, 1e-6)) == 65536);
  CHECK(token_budget(runs(1e-3, 0)) == 65536);
  CHECK(token_budget(std::vector<timed_run>{{100, 1e-3}}) == 100);
}
