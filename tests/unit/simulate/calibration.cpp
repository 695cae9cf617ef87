// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/simulate/calibration.hpp>
#include <carpool/simulate/dice.hpp>

#include <support/doctest.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace {

using namespace carpool;

constexpr double infinite = std::numeric_limits<double>::infinity();

/// Batches of 1 to 32 requests one after the other, 5 + 0.2 n ms each, times what `noise()` says.
template <class Noise>
std::vector<simulate::recorded_batch> one_after_the_other(Noise noise) {
  std::vector<simulate::recorded_batch> batches;
  double now = 0;
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::size_t size = 1 + i * 7 % 32;
    const double duration = (0.005 + 0.0002 * static_cast<double>(size)) * noise();
    batches.push_back({now, size, static_cast<double>(size), duration});
    now += duration + 0.001;
  }
  return batches;
}

}  // namespace

TEST_CASE("the fit finds what batches cost") {
  const auto model = simulate::fit(one_after_the_other([] { return 1.0; }));
  CHECK(model.per_batch == doctest::Approx(0.005).epsilon(0.01));
  CHECK(model.per_work == doctest::Approx(0.0002).epsilon(0.01));
  CHECK(model.device_speed == infinite);
  CHECK(model.spread < 0.01);
  CHECK(model.stall_chance == 0);
}

TEST_CASE("the fit finds how much batches vary and how often they stall") {
  simulate::dice random(1);
  const auto model = simulate::fit(one_after_the_other(
      [&] { return std::exp(0.05 * random.normal()) * (random.uniform() < 0.02 ? 3.0 : 1.0); }));
  CHECK(model.per_batch == doctest::Approx(0.005).epsilon(0.15));
  CHECK(model.spread == doctest::Approx(0.05).epsilon(0.25));
  CHECK(model.stall_chance == doctest::Approx(0.02).epsilon(0.4));
  CHECK(model.stall_factor == doctest::Approx(3).epsilon(0.15));
}

TEST_CASE("concurrency is the mean number of batches that ran during a batch") {
  const std::vector<simulate::recorded_batch> batches{{0, 1, 1, 4}, {1, 1, 1, 2}, {3, 1, 1, 2}, {9, 1, 1, 1}};
  const auto found = simulate::concurrency_of(batches);
  CHECK(found[0] == doctest::Approx(1 + 3.0 / 4));
  CHECK(found[1] == doctest::Approx(2));
  CHECK(found[2] == doctest::Approx(1 + 1.0 / 2));
  CHECK(found[3] == doctest::Approx(1));
}

TEST_CASE("lanes that slow each other down are found to share a device") {
  std::vector<simulate::recorded_batch> batches;
  for (int i = 0; i < 400; ++i) {
    const double start = 0.1 * i;
    const bool together = i % 2 == 0;
    const double work = 1 + i % 5;
    const double duration = (0.005 + 0.001 * work) * (together ? 2 : 1);
    batches.push_back({start, 1, work, duration});
    if (together) batches.push_back({start, 1, work, duration});
  }
  const auto model = simulate::fit(batches);
  CHECK(model.device_speed == doctest::Approx(1).epsilon(0.1));
  CHECK(model.per_batch == doctest::Approx(0.005).epsilon(0.15));
}

TEST_CASE("what a batcher has learnt can be simulated") {
  forecast learnt;
  learnt.batch_cost = forecast::milliseconds{5};
  learnt.work_cost = forecast::milliseconds{0.2};
  const auto apart = simulate::model_of(learnt);
  CHECK(apart.seconds(10) == doctest::Approx(0.007));
  CHECK(apart.device_speed == infinite);
  learnt.interference = 1;
  CHECK(simulate::model_of(learnt).device_speed == doctest::Approx(1));
}
