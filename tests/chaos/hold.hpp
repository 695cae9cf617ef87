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

/// A link in this condition for such a time, and then up again.
inline void disturb(redis_link& link, redis_link::condition how, carpool::test::dice& dice, std::size_t least,
                    std::size_t most) {
  link.become(how);
  hold(dice, least, most);
  link.become(redis_link::condition::up);
}

inline void cut_link(redis_link& link, carpool::test::dice& dice) {
  disturb(link, redis_link::condition::cut, dice, 0, 3000);
}

inline void stall_link(redis_link& link, carpool::test::dice& dice) {
  disturb(link, redis_link::condition::stalled, dice, 500, 4000);
}

/// Redis hears nothing of the program for longer than that waits for a sign of Redis, or for less.
inline void mute_link(redis_link& link, carpool::test::dice& dice) {
  disturb(link, redis_link::condition::mute, dice, 500, 6000);
}

/// Likewise the program of Redis, which does all that it is asked.
inline void deafen_link(redis_link& link, carpool::test::dice& dice) {
  disturb(link, redis_link::condition::deaf, dice, 500, 6000);
}

/// The program has to find out by itself that nobody hears it any more.
inline void lose_link(redis_link& link, carpool::test::dice& dice) {
  link.lose_connections();
  hold(dice, 500, 1000);
}

}  // namespace chaos
