// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/cost_model.hpp>

#include <support/doctest.hpp>

#include <cmath>
#include <limits>

using carpool::scheduling::cost_model;
using doctest::Approx;

namespace {

Approx about(double value) {
  return Approx(value).scale(1).epsilon(0.00006);
}  // four digits behind the point

constexpr double works[] = {1, 2, 4, 8, 16};

/// 60 batches of 5 ms + 0.2 ms per request, one at a time.
cost_model taught() {
  cost_model model;
  for (int i = 0; i < 60; ++i) model.add(works[i % 5], 5 + 0.2 * works[i % 5], 1);
  return model;
}

bool all_finite(const cost_model& m) {
  return std::isfinite(m.fixed) && std::isfinite(m.per_work) && std::isfinite(m.interference) &&
         std::isfinite(m.least_interference) && std::isfinite(m.noise) && std::isfinite(m.bias) &&
         std::isfinite(m.time(1)) && m.time(1) > 0;
}

}  // namespace

TEST_CASE("M1: three batches give a first fit, which leaves most of the time to the batch") {
  cost_model model;
  CHECK(!model.ready());
  model.add(1, 5.2, 1);
  model.add(2, 5.4, 1);
  CHECK(!model.ready());
  model.add(4, 5.8, 1);
  CHECK(model.ready());
  CHECK(model.fixed == about(5.1340));
  CHECK(model.per_work == about(0.1426));
  CHECK(model.interference == 0);
  CHECK(model.noise == 0.05);
}

TEST_CASE("M2: an exact line is found exactly") {
  const cost_model model = taught();
  CHECK(model.fixed == about(5));
  CHECK(model.per_work == about(0.2));
  CHECK(model.noise == about(0.0158));
  CHECK(model.bias == about(0));
  CHECK(model.time(10) == about(7));
}

TEST_CASE("M3: a stall moves the fit little") {
  cost_model model = taught();
  model.add(1, 15.6, 1);
  CHECK(model.fixed == about(5.0522));
  CHECK(model.per_work == about(0.1957));
  CHECK(model.noise == about(0.0304));
  CHECK(model.bias == about(0.05));
  CHECK(!model.moved());
}

TEST_CASE("M4: a machine that became slower is noticed at the third batch and learnt within forty") {
  cost_model model = taught();
  for (int i = 0; i < 40; ++i) {
    CHECK(model.moved() == (i > 2 && i < 40));
    model.add(works[i % 5], 1.6 * (5 + 0.2 * works[i % 5]), 1);
  }
  CHECK(!model.moved());
  CHECK(model.fixed == about(7.6652));
  CHECK(model.per_work == about(0.3160));
}

TEST_CASE("M5: batches side by side show how much they slow each other down") {
  cost_model model = taught();
  for (int i = 0; i < 60; ++i) {
    const double c = 1 + i % 3;
    model.add(works[i % 5], (5 + 0.2 * works[i % 5]) * (1 + 0.8 * (c - 1)), c);
  }
  CHECK(model.fixed == about(4.9816));
  CHECK(model.per_work == about(0.2029));
  CHECK(model.interference == about(0.7901));
  CHECK(model.least_interference == about(0.7782));
}

TEST_CASE("batches of one size do not send the fit astray") {
  cost_model model;
  for (int i = 0; i < 500; ++i) model.add(8, 6.6 * (i % 2 == 0 ? 1.05 : 0.95), 1);
  CHECK(model.time(8) == Approx(6.6).epsilon(0.01));
  CHECK(model.time(16) < 2 * 6.6);
  CHECK(model.time(1) > 0.1);
}

TEST_CASE("batches that take no time are learnt, and real ones after them too") {
  cost_model model;
  for (int i = 0; i < 100; ++i) model.add(works[i % 5], 0, 1 + i % 2);
  CHECK(all_finite(model));
  CHECK(model.time(16) < 1e-3);
  for (int i = 0; i < 2000; ++i) model.add(works[i % 5], 5 + 0.2 * works[i % 5], 1);
  CHECK(model.time(10) == Approx(7).epsilon(0.02));
}

TEST_CASE("requests without work leave a fit of the batch alone") {
  cost_model model;
  for (int i = 0; i < 100; ++i) model.add(0, 3, 1);
  CHECK(all_finite(model));
  CHECK(model.time(0) == Approx(3).epsilon(0.01));
}

TEST_CASE("batches of hours with the work of a book are learnt") {
  cost_model model;
  for (int i = 0; i < 100; ++i) model.add(works[i % 5] * 1e8, 3.6e6 * (1 + works[i % 5]), 1 + i % 2);
  CHECK(all_finite(model));
  CHECK(model.time(4e8) == Approx(5 * 3.6e6).epsilon(0.02));
}

TEST_CASE("what is no number teaches nothing") {
  cost_model model = taught();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinite = std::numeric_limits<double>::infinity();
  for (const double odd : {nan, infinite, -infinite}) {
    model.add(odd, 5, 1);
    model.add(1, odd, 1);
    model.add(1, 5, odd);
  }
  CHECK(model.batches == 60);
  CHECK(model.fixed == about(5));
  CHECK(model.time(nan) > 0);
}

TEST_CASE("batches on different devices do not slow each other down") {
  cost_model shared, spread;
  spread.devices = 2;
  for (auto* model : {&shared, &spread}) {
    model->interference = 0.5;
    model->batches = 10;
  }
  CHECK(shared.slowdown(2) == doctest::Approx(1.5));
  CHECK(spread.slowdown(2) == doctest::Approx(1));
  CHECK(spread.slowdown(4) == doctest::Approx(1.5));
}
