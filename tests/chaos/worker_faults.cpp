// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "fault.hpp"
#include "hold.hpp"

#include <csignal>
#include <cstddef>

namespace chaos {
namespace {

using carpool::test::dice;

void kill_one(stage& cluster, dice& dice) {
  const std::size_t victim = dice.below(cluster.workers());
  cluster.kill_worker(victim);
  hold(dice, 0, 1000);
  cluster.start_worker(victim);
}

// All workers together are as if there were none.
void kill_all(stage& cluster, dice& dice) {
  for (std::size_t i = 0; i < cluster.workers(); ++i) cluster.kill_worker(i);
  hold(dice, 0, 2000);
  for (std::size_t i = 0; i < cluster.workers(); ++i) cluster.start_worker(i);
}

constexpr std::size_t past_lease = worker_lease.count() + 200;  // milliseconds

void freeze_one(stage& cluster, dice& dice) {
  const std::size_t victim = dice.below(cluster.workers());
  cluster.signal_worker(victim, SIGSTOP);
  hold(dice, past_lease, past_lease + 2000);
  cluster.signal_worker(victim, SIGCONT);
}

void freeze_all(stage& cluster, dice& dice) {
  for (std::size_t i = 0; i < cluster.workers(); ++i) cluster.signal_worker(i, SIGSTOP);
  hold(dice, past_lease, past_lease + 2500);
  for (std::size_t i = 0; i < cluster.workers(); ++i) cluster.signal_worker(i, SIGCONT);
}

redis_link& some_link(stage& cluster, dice& dice) {
  return cluster.worker_link(dice.below(cluster.workers()));
}

void cut(stage& cluster, dice& dice) { cut_link(some_link(cluster, dice), dice); }
void stall(stage& cluster, dice& dice) { stall_link(some_link(cluster, dice), dice); }
void lose(stage& cluster, dice& dice) { lose_link(some_link(cluster, dice), dice); }

}  // namespace

std::vector<fault> worker_faults() {
  return {{"a worker killed", {}, kill_one},      {"all workers killed", {}, kill_all},
          {"a worker frozen", {}, freeze_one},    {"all workers frozen", {}, freeze_all},
          {"a worker's link cut", {}, cut},       {"a worker's link stalled", {}, stall},
          {"a worker's link half-open", {}, lose}};
}

}  // namespace chaos
