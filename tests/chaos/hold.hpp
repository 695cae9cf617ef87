// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "redis_link.hpp"
#include "simulation/dice.hpp"

#include <chrono>
#include <cstddef>
#include <thread>

namespace chaos {

/// Leaves things as they are for some time between these, in milliseconds.
inline void hold(carpool::test::dice& dice, std::size_t least, std::size_t most) {
  std::this_thread::sleep_for(std::chrono::milliseconds{least + dice.below(most - least)});
}

inline void cut_link(redis_link& link, carpool::test::dice& dice) {
  link.become(redis_link::condition::cut);
  hold(dice, 0, 3000);
  link.become(redis_link::condition::up);
}

inline void stall_link(redis_link& link, carpool::test::dice& dice) {
  link.become(redis_link::condition::stalled);
  hold(dice, 500, 4000);
  link.become(redis_link::condition::up);
}

/// Redis hears nothing of the program for longer than that waits for a sign of Redis, or for less.
inline void mute_link(redis_link& link, carpool::test::dice& dice) {
  link.become(redis_link::condition::mute);
  hold(dice, 500, 6000);
  link.become(redis_link::condition::up);
}

/// Likewise the program of Redis, which does all that it is asked.
inline void deafen_link(redis_link& link, carpool::test::dice& dice) {
  link.become(redis_link::condition::deaf);
  hold(dice, 500, 6000);
  link.become(redis_link::condition::up);
}

/// The program has to find out by itself that nobody hears it any more.
inline void lose_link(redis_link& link, carpool::test::dice& dice) {
  link.lose_connections();
  hold(dice, 500, 1000);
}

}  // namespace chaos
