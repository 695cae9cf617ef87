// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "crew.hpp"
#include "fault.hpp"
#include "hold.hpp"
#include "spread_stage.hpp"
#include "stage.hpp"

#include <csignal>
#include <cstddef>
#include <vector>

namespace chaos {
namespace {

using carpool::test::dice;

void kill_one(crew& crew, dice& dice) {
  const std::size_t victim = dice.below(crew.workers());
  crew.kill_worker(victim);
  hold(dice, 0, 1000);
  crew.start_worker(victim);
}

// All workers together are as if there were none.
void kill_all(crew& crew, dice& dice) {
  for (std::size_t i = 0; i < crew.workers(); ++i) crew.kill_worker(i);
  hold(dice, 0, 2000);
  for (std::size_t i = 0; i < crew.workers(); ++i) crew.start_worker(i);
}

constexpr std::size_t past_lease = worker_lease.count() + 200;  // milliseconds

void freeze_one(crew& crew, dice& dice) {
  const std::size_t victim = dice.below(crew.workers());
  crew.signal_worker(victim, SIGSTOP);
  hold(dice, past_lease, past_lease + 2000);
  crew.signal_worker(victim, SIGCONT);
}

void freeze_all(crew& crew, dice& dice) {
  for (std::size_t i = 0; i < crew.workers(); ++i) crew.signal_worker(i, SIGSTOP);
  hold(dice, past_lease, past_lease + 2500);
  for (std::size_t i = 0; i < crew.workers(); ++i) crew.signal_worker(i, SIGCONT);
}

}  // namespace

std::vector<fault> worker_faults(crew& crew) {
  std::vector<fault> all;
  const auto add = [&](const char* what, auto inflict) {
    all.push_back({what, {}, [&crew, inflict](dice& dice) { inflict(crew, dice); }});
  };
  add("a worker killed", kill_one);
  add("all workers killed", kill_all);
  add("a worker frozen", freeze_one);
  add("all workers frozen", freeze_all);
  return all;
}

std::vector<fault> worker_faults(stage& cluster) {
  std::vector<fault> all = worker_faults(cluster.crew());
  const auto add = [&](const char* what, auto inflict) {
    all.push_back({what, {}, [&cluster, inflict](dice& dice) {
                     inflict(cluster.worker_link(dice.below(cluster.crew().workers())), dice);
                   }});
  };
  add("a worker's link cut", cut_link);
  add("a worker's link stalled", stall_link);
  add("a worker's link half-open", lose_link);
  add("a worker's link mute", mute_link);
  add("a worker's link deaf", deafen_link);
  return all;
}

std::vector<fault> worker_faults(spread_stage& cluster) { return worker_faults(cluster.crew()); }

}  // namespace chaos
