// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The protocol between gateways, Redis and workers, as a model: seeded random interleavings of everybody's
// steps and of what can happen to them.

#include "cluster_world.hpp"
#include "support/doctest.hpp"

#include <cstdint>
#include <optional>
#include <string>

using namespace carpool::test;

namespace {

constexpr int steps_per_world = 400;

// Every combination of faults comes up.
world_terms terms_of(std::uint64_t seed) {
  return {.poison = (seed & 1) != 0,
          .kills = (seed & 2) != 0,
          .pauses = (seed & 4) != 0,
          .restarts = (seed & 8) != 0,
          .flushes = seed % 7 == 6,
          .departures = (seed & 16) != 0,
          .growth = seed % 3 == 2};
}

// What went wrong in this world; empty if nothing did.
std::optional<std::string> outcome(std::uint64_t seed, bug planted = bug::none) {
  try {
    cluster_world world{seed, terms_of(seed), planted};
    for (int i = 0; i < steps_per_world; ++i) world.step();
    world.settle();
    return std::nullopt;
  } catch (const violation& found) {
    return found.what();
  }
}

// Whether some world says this of the bug.
bool is_noticed(bug planted, const std::string& words) {
  for (std::uint64_t seed = 0; seed < 200; ++seed)
    if (outcome(seed, planted).value_or("").find(words) != std::string::npos) return true;
  return false;
}

struct planted_bug {
  bug what;
  const char* words;  // of what is noticed
};

}  // namespace

TEST_CASE("whatever happens, each request has one reply at most, none is lost and nothing is left behind") {
  for (std::uint64_t seed = 0; seed < 600; ++seed) {  // 240,000 steps
    const auto found = outcome(seed);
    INFO("seed ", seed, ": ", found.value_or(""));
    REQUIRE_FALSE(found);
  }
}

TEST_CASE("the model notices bugs of the scripts and of the commands that are chosen") {
  for (const planted_bug& planted : {
           planted_bug{bug::admission_looks_first, "more entries than may be outstanding"},
           planted_bug{bug::requests_are_trimmed, "callers were left without an answer"},
           planted_bug{bug::claim_takes_the_living, "taken from a worker that lives"},
           planted_bug{bug::refresh_counts_as_delivery, "with poison more than once"},
           planted_bug{bug::reply_every_time, "two replies"},
           planted_bug{bug::finished_stay, "entries were left behind"},
           planted_bug{bug::rejected_without_reply, "callers were left without an answer"},
       }) {
    INFO(planted.words);
    CHECK(is_noticed(planted.what, planted.words));
  }
}

TEST_CASE("the model notices bugs of workers and gateways") {
  for (const planted_bug& planted : {
           planted_bug{bug::acknowledged_when_read, "callers were left without an answer"},
           planted_bug{bug::lease_not_refreshed, "taken from a worker that lives"},
           planted_bug{bug::adopted_among_others, "with poison more than once"},
           planted_bug{bug::tried_for_ever, "poison is tried once too often"},
           planted_bug{bug::expired_are_run, "whose deadline has passed"},
           planted_bug{bug::gateway_keeps_its_name, "the result of another text"},
           planted_bug{bug::repeated_replies_accepted, "the result of another text"},
           planted_bug{bug::shards_not_learnt, "entries were left behind"},
           planted_bug{bug::shards_used_untold, "entries were left behind"},
           planted_bug{bug::texts_stay_when_left, "a text is run that nobody waited for any more"},
       }) {
    INFO(planted.words);
    CHECK(is_noticed(planted.what, planted.words));
  }
}
