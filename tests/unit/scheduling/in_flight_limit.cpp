// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/in_flight_limit.hpp>

#include <support/doctest.hpp>

using namespace carpool::scheduling;
using doctest::Approx;

namespace {

cost_model model(double interference, std::size_t batches = 100) {
  cost_model cost;
  cost.batches = batches;
  cost.fixed = 5;
  cost.per_work = 0.2;
  cost.interference = interference;
  return cost;
}

std::size_t limit(double interference, double rate, std::size_t batches = 100) {
  const cost_model cost = model(interference, batches);
  return in_flight_limit({.cost = cost, .slack = 25, .rate = rate, .most = 64}, 4);
}

}  // namespace

TEST_CASE("L1: lanes that are independent are all used") { CHECK(limit(0, 2) == 4); }

TEST_CASE("L2: the first six batches run alone") {
  CHECK(limit(0, 2, 5) == 1);
  CHECK(limit(0, 2, 6) == 4);
}

TEST_CASE("L3 to L6: lanes that share a device are used as far as the load needs it") {
  CHECK(limit(0.2, 2) == 2);
  CHECK(limit(0.2, 5) == 4);
  CHECK(limit(0.4, 2) == 2);
  CHECK(limit(0.8, 2) == 1);
}

TEST_CASE("each device is used, however much the lanes of one slow each other down") {
  cost_model cost = model(0.8);
  cost.devices = 2;
  CHECK(in_flight_limit({.cost = cost, .slack = 25, .rate = 2, .most = 64}, 4) == 2);
}

TEST_CASE("L5: what lanes carry within a deadline has a best number of them") {
  const cost_model cost = model(0.4);
  const traffic load{.cost = cost, .slack = 25, .rate = 2, .most = 64};
  CHECK(load.capacity(1) == Approx(3.000).epsilon(0.0002));
  CHECK(load.capacity(2) == Approx(4.143).epsilon(0.0002));
  CHECK(load.capacity(3) == Approx(4.333).epsilon(0.0002));
  CHECK(load.capacity(4) == Approx(4.091).epsilon(0.0002));
}

TEST_CASE("T1: lanes that depart evenly spaced find the batch that keeps up with the arrivals") {
  const cost_model cost = model(0);
  const traffic load{.cost = cost, .slack = 25, .rate = 3, .most = 64};
  CHECK(load.spaced_batch(4) == Approx(4.4118).epsilon(0.00002));
  CHECK(load.batch_time(load.spaced_batch(4), 4) / 4 == Approx(1.4706).epsilon(0.00002));
}

TEST_CASE("an overload fills the batches that deadlines allow, and without any all that may be in one") {
  const cost_model cost = model(0);
  CHECK(traffic{.cost = cost, .rate = 1e6, .most = 64}.spaced_batch(4) == 64);
  CHECK(traffic{.cost = cost, .slack = 10, .rate = 1e6, .most = 64}.spaced_batch(4) == Approx(13));
  CHECK(traffic{.cost = cost, .slack = 0.1, .rate = 1e6, .most = 64}.spaced_batch(4) == 1);
}

TEST_CASE("a model that costs nothing has a limit and a capacity") {
  const cost_model cost{.batches = 100, .interference = 0.5};
  const traffic load{.cost = cost, .slack = 25, .rate = 1e4, .most = 64};
  CHECK(in_flight_limit(load, 4) >= 1);
  CHECK(in_flight_limit(load, 4) <= 4);
  CHECK(load.capacity(1) > 0);
  CHECK(in_flight_limit(load, 1) == 1);
  CHECK(in_flight_limit(load, 0) == 1);
}
