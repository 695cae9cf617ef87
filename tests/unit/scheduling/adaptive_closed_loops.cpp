// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Callers who ask again as soon as they have their answer, under a virtual clock. Deterministic for a given
// standard library.

#include <carpool/scheduling/adaptive.hpp>
#include <carpool/scheduling/eager.hpp>
#include <carpool/simulate/simulation.hpp>

#include <support/doctest.hpp>

#include <chrono>
#include <cstddef>
#include <utility>

using namespace carpool;
using namespace carpool::simulate;
using namespace std::chrono_literals;

namespace {

struct setting {
  std::size_t lanes;
  std::size_t clients;
  double batch_seconds;
  double device_speed;
};

/// What is learnt where two batches at a time take 2.4 times as long as one.
scheduling::adaptive_state taught_that_lanes_disturb_each_other() {
  scheduling::adaptive_state learnt;
  for (int i = 0; i < 300; ++i) {
    const double work = 1 << i % 7, others = i % 2;
    learnt.cost.add(work, (2 + 0.03 * work) * (1 + 1.4 * others), 1 + others);
  }
  learnt.largest_batch = 64;
  return learnt;
}

/// Answers in the first 2 s with more callers than two batches can take, who find that learnt.
std::size_t answers_after_lesson(std::size_t lanes, double device_speed) {
  service simulated;
  simulated.bounds = {.max_batch_size = 64, .lanes = lanes};
  simulated.model = {.per_batch = 0.002, .per_work = 0.00003, .device_speed = device_speed, .spread = 0.03};
  simulated.timer_lateness = 60us;
  const closed_loop callers(300, 20e-6, time_point{} + 2s, 1);
  adaptive policy(taught_that_lanes_disturb_each_other());
  return run(simulated, callers, scheduling::any_policy(std::move(policy))).latencies.size();
}

/// Answers in 10 s after a warm-up of 2 s, with texts of 8 ms each.
std::size_t answers(const setting& world, scheduling::any_policy policy) {
  service simulated;
  simulated.bounds = {.max_batch_size = 64, .lanes = world.lanes};
  simulated.model = {.per_batch = world.batch_seconds,
                     .per_work = 0.008,
                     .device_speed = world.device_speed,
                     .spread = 0.03};
  simulated.timer_lateness = 60us;
  simulated.measured_from = time_point{} + 2s;
  const closed_loop callers(world.clients, 20e-6, time_point{} + 12s, 1);
  return run(simulated, callers, std::move(policy)).latencies.size();
}

}  // namespace

TEST_CASE("callers who come back together keep all lanes busy, whether these disturb each other or not") {
  constexpr double independent = 1e9, memory_bound = 2 / 1.2;  // what two lanes do together
  for (const std::size_t lanes : {2U, 4U})
    for (const std::size_t clients : {4U, 8U, 16U, 32U})
      for (const double batch_seconds : {0.001, 0.005})
        for (const double speed : {independent, memory_bound}) {
          CAPTURE(lanes);
          CAPTURE(clients);
          CAPTURE(batch_seconds);
          CAPTURE(speed);
          const setting world{lanes, clients, batch_seconds, speed};
          const auto eagerly = static_cast<double>(answers(world, scheduling::any_policy(eager{})));
          CHECK(static_cast<double>(answers(world, scheduling::any_policy(adaptive{}))) > 0.97 * eagerly);
        }
}

TEST_CASE("lanes that were thought to disturb each other are tried again when full batches wait") {
  constexpr double independent = 1e9, device_bound = 1;
  const auto one = static_cast<double>(answers_after_lesson(1, independent));
  CHECK(static_cast<double>(answers_after_lesson(2, independent)) > 1.9 * one);
  CHECK(static_cast<double>(answers_after_lesson(2, 1.6)) > 1.5 * one);
  CHECK(static_cast<double>(answers_after_lesson(2, device_bound)) > 0.99 * one);
}
