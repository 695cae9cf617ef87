// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// How random services are configured, and what random callers ask for.

#pragma once

#include <simulation/scene.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace carpool::test {

/// What batches cost and how much of it there may be at once.
inline void choose_work_bounds(scene& at, options& given) {
  auto& roll = at.chance;
  constexpr double unlimited = std::numeric_limits<double>::infinity();
  given.max_batch_work = roll.chance(60) ? unlimited : static_cast<double>(2 + roll.below(20));
  given.oversize = roll.chance(50) ? oversize::run_alone : oversize::refuse;
  given.max_queue_work = roll.chance(70) ? unlimited : static_cast<double>(5 + roll.below(60));
}

/// Bounds that reconfigure() may change.
inline void choose_bounds(scene& at, options& given) {
  auto& roll = at.chance;
  given.max_batch_size = 1 + roll.below(8);
  given.max_queue_size = 1 + roll.below(20);
  given.lanes = 1 + roll.below(scene::most_lanes);
  given.devices = 1 + roll.below(3);
  choose_work_bounds(at, given);
  given.max_queue_size_per_key =
      roll.chance(70) ? std::numeric_limits<std::size_t>::max() : 1 + roll.below(6);
  given.default_deadline = roll.chance(70) ? duration::max() : 1ms + roll.milliseconds_below(20);
  given.max_overtaking = roll.chance(70) ? duration::max() : roll.milliseconds_below(20);
  given.fair_sharing = roll.chance(25);
  given.isolate_failures = roll.chance(75);
  given.hung_after = roll.chance(80) ? duration::max() : 1ms + roll.milliseconds_below(5);
  at.ever_hung |= given.hung_after < duration::max();
  at.in_order &= !given.fair_sharing && given.max_overtaking == duration::max();
}

/// Everything that is decided once.
inline void choose_service(scene& at) {
  auto& roll = at.chance;
  choose_bounds(at, at.given);
  at.given.batch_work = roll.chance(70) ? &total_work : &padded_work;
  at.given.key_weight = [](std::uint64_t key) { return static_cast<double>(1 + key); };
  at.given.model_executor = (roll.chance(50) ? at.world.lanes : at.world.callers).get_executor();
  at.model.weighs = roll.chance(50);
  at.model.poisons = roll.chance(40);
  at.model.shares = roll.chance(30);
  at.model.fails = roll.chance(50);
  at.model.loses = roll.chance(30);
  if (roll.chance(25)) at.model.memory = 1 + roll.below(6);
}

inline void choose_deadline(scene& at, operation& of) {
  auto& roll = at.chance;
  if (roll.chance(60)) {
    of.deadline = saturating_add(of.arrival, at.given.default_deadline);
  } else if (roll.chance(20)) {
    of.asked.deadline = no_deadline;
  } else {
    of.deadline = of.arrival + roll.milliseconds_below(20) - (roll.chance(10) ? 1ms : 0ms);
    of.asked.deadline = of.deadline;
  }
}

/// What a caller asks for.
inline void choose_terms(scene& at, operation& of) {
  auto& roll = at.chance;
  of.arrival = manual_clock::now();
  if (roll.chance(20)) of.asked.priority = roll.chance(50) ? std::int8_t{1} : std::int8_t{-1};
  of.asked.key = roll.below(3);
  if (roll.chance(20)) of.asked.max_wait = roll.milliseconds_below(5);
  of.leave_by = saturating_add(of.arrival, of.asked.max_wait);
  choose_deadline(at, of);
}

}  // namespace carpool::test
