// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "fault.hpp"
#include "hold.hpp"
#include "spread_stage.hpp"
#include "support/await.hpp"

#include <csignal>
#include <cstddef>
#include <vector>

namespace chaos {
namespace {

using carpool::test::await;
using carpool::test::dice;
using carpool::test::redis_cluster;

// All servers are there when a fault begins.
std::size_t draw(const redis_cluster& redis, dice& dice, bool master) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < redis.servers(); ++i)
    if (redis.is_master(i) == master) found.push_back(i);
  return found.at(dice.below(found.size()));
}

std::size_t masters(const redis_cluster& redis) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < redis.servers(); ++i) found += redis.is_master(i);
  return found;
}

// It comes back, as a replica, only when everybody is answered without it.
void kill_master(spread_stage& cluster, dice& dice) {
  redis_cluster& redis = cluster.redis();
  const std::size_t victim = draw(redis, dice, true);
  redis.kill(victim);
  await([&] { return masters(redis) == redis_cluster::masters; });
  cluster.await_answers();
  redis.start(victim);
}

void kill_replica(spread_stage& cluster, dice& dice) {
  const std::size_t victim = draw(cluster.redis(), dice, false);
  cluster.redis().kill(victim);
  hold(dice, 0, 4000);
  cluster.redis().start(victim);
}

// For less than the servers wait for each other, or longer: then it wakes up as one that others have
// replaced.
void freeze_master(spread_stage& cluster, dice& dice) {
  const redis_cluster& redis = cluster.redis();
  const std::size_t victim = draw(redis, dice, true);
  redis.signal(victim, SIGSTOP);
  hold(dice, 300, 5000);
  redis.signal(victim, SIGCONT);
}

// Programs still reach it, and it takes what they write until it has not heard of the others for as long as
// servers wait. They hear of each other again only when everybody is answered by its replica.
void isolate_master(spread_stage& cluster, dice& dice) {
  const redis_cluster& redis = cluster.redis();
  cluster.isolate(draw(redis, dice, true));
  await([&] { return masters(redis) == redis_cluster::masters + 1; });  // it does not know that it is none
  cluster.await_answers();
  cluster.reunite();
}

// As operators do before they stop a server: the replica takes over when it has everything.
void relieve_master(spread_stage& cluster, dice& dice) {
  const redis_cluster& redis = cluster.redis();
  const std::size_t heir = draw(redis, dice, false);
  redis.ask(heir, "CLUSTER FAILOVER");
  await([&] { return redis.is_master(heir); });
}

// Neither programs nor its replica reach the master, but the other servers do: so nobody takes its place.
redis_link& link_of_master(spread_stage& cluster, dice& dice) {
  return cluster.server_link(draw(cluster.redis(), dice, true));
}

}  // namespace

std::vector<fault> redis_faults(spread_stage& cluster) {
  constexpr effects nothing{}, refuses{.refuses = true}, loses{.refuses = true, .loses = true};
  std::vector<fault> all;
  const auto add = [&](const char* what, effects may, auto inflict) {
    all.push_back({what, may, [&cluster, inflict](dice& dice) { inflict(cluster, dice); }});
  };
  add("a master killed", loses, kill_master);
  add("a master frozen", loses, freeze_master);
  add("a master not heard of", loses, isolate_master);
  add("a master relieved", refuses, relieve_master);
  add("a master's link cut", refuses,
      [](spread_stage& of, dice& dice) { cut_link(link_of_master(of, dice), dice); });
  add("a master's link stalled", refuses,
      [](spread_stage& of, dice& dice) { stall_link(link_of_master(of, dice), dice); });
  add("a master's link mute", refuses,
      [](spread_stage& of, dice& dice) { mute_link(link_of_master(of, dice), dice); });
  add("a master's link deaf", refuses,
      [](spread_stage& of, dice& dice) { deafen_link(link_of_master(of, dice), dice); });
  add("a replica killed", nothing, kill_replica);
  return all;
}

}  // namespace chaos
