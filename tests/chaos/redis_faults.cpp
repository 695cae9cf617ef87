// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "append_only_file.hpp"
#include "fault.hpp"
#include "hold.hpp"
#include "stage.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace chaos {
namespace {

using carpool::test::dice;

void restart_redis(stage& cluster, dice& dice) {
  cluster.redis().stop();
  hold(dice, 0, 2000);
  cluster.redis().start();
}

// With appendfsync always nothing is lost that Redis has said yes to.
void kill_redis(stage& cluster, dice& dice) {
  cluster.redis().kill();
  const auto file = append_only_file(cluster.redis_folder());
  cut_off(file, std::filesystem::file_size(file));  // what it was just writing
  hold(dice, 0, 2000);
  cluster.redis().start();
}

// With appendfsync everysec the last second is lost when the machine goes down, but not when only Redis is
// killed: so what was written since is taken out of the file, or a part of it.
void fail_power(stage& cluster, dice& dice) {
  cluster.redis().ask("CONFIG SET appendfsync everysec");
  hold(dice, 0, 1000);
  const auto file = append_only_file(cluster.redis_folder());
  const std::uintmax_t synced = std::filesystem::file_size(file);
  hold(dice, 0, 1000);
  cluster.redis().kill();
  const std::uintmax_t written = std::filesystem::file_size(file);
  cut_off(file, synced + dice.below(static_cast<std::size_t>(written - synced) + 1));
  hold(dice, 0, 2000);
  cluster.redis().start();
}

void freeze_redis(stage& cluster, dice& dice) {
  cluster.redis().signal(SIGSTOP);
  hold(dice, 300, 4000);
  cluster.redis().signal(SIGCONT);
}

void fill_redis(stage& cluster, dice& dice) {
  cluster.redis().ask("CONFIG SET maxmemory 1");
  hold(dice, 500, 3000);
  cluster.redis().ask("CONFIG SET maxmemory 0");
}

void forget_scripts(stage& cluster, dice& dice) {
  cluster.redis().ask("SCRIPT FLUSH");
  hold(dice, 0, 500);
}

}  // namespace

std::vector<fault> redis_faults(stage& cluster) {
  constexpr effects nothing{}, refuses{.refuses = true}, loses{.refuses = true, .loses = true};
  std::vector<fault> all;
  const auto add = [&](const char* what, effects may, auto inflict) {
    all.push_back({what, may, [&cluster, inflict](dice& dice) { inflict(cluster, dice); }});
  };
  add("Redis stopped and started", refuses, restart_redis);
  add("Redis killed and started", refuses, kill_redis);
  add("power failure, everysec", loses, fail_power);
  add("Redis frozen", refuses, freeze_redis);
  add("Redis out of memory", refuses, fill_redis);
  add("scripts forgotten", nothing, forget_scripts);
  for (std::size_t i = 0; i < cluster.gateways(); ++i) {
    const auto add_link = [&](const char* what, void (*inflict)(redis_link&, dice&)) {
      all.push_back({fmt::format("gateway {}'s link {}", i + 1, what),
                     {.refuses = true, .gateway = i},
                     [&cluster, i, inflict](dice& dice) { inflict(cluster.gateway_link(i), dice); }});
    };
    add_link("cut", cut_link);
    add_link("stalled", stall_link);
    add_link("half-open", lose_link);
    add_link("mute", mute_link);
    add_link("deaf", deafen_link);
  }
  return all;
}

}  // namespace chaos
