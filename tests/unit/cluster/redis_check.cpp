// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/redis_check.hpp"

#include "support/doctest.hpp"

#include <string>

using namespace cluster;

namespace {

redis_facts good() {
  return {.version = "7.0.15",
          .maxmemory = "1000000000",
          .maxmemory_policy = "noeviction",
          .appendonly = "yes",
          .save = "",
          .told_settings = true};
}

// The one thing that is wrong.
std::string complaint(const redis_facts& facts) {
  const auto found = what_is_wrong(facts);
  REQUIRE(found.size() == 1);
  return found.front();
}

bool says(const std::string& sentence, const char* words) { return sentence.find(words) != sentence.npos; }

}  // namespace

TEST_CASE("nothing is wrong with a Redis that evicts nothing, keeps a log and is new enough") {
  CHECK(what_is_wrong(good()).empty());
}

TEST_CASE("Q4: a Redis that does not do what programs ask is named, with what it says") {
  auto facts = good();
  facts.refusal = "READONLY You can't write against a read only replica.";
  CHECK(says(complaint(facts), "does not get through Redis and back"));
  CHECK(says(complaint(facts), "READONLY"));
}

TEST_CASE("Q5: a Redis that evicts is named, with the policy to set") {
  auto facts = good();
  facts.maxmemory_policy = "allkeys-lru";
  CHECK(says(complaint(facts), "maxmemory-policy is allkeys-lru"));
  CHECK(says(complaint(facts), "noeviction"));
}

TEST_CASE("Q3: a Redis that keeps nothing, or only snapshots, is named") {
  auto facts = good();
  facts.appendonly = "no";
  CHECK(says(complaint(facts), "keeps nothing on disk"));
  facts.save = "3600 1";
  CHECK(says(complaint(facts), "since the last snapshot"));
}

TEST_CASE("a Redis that is too old, without a bound or that may not be asked is named") {
  auto facts = good();
  facts.version = "6.2.14";
  CHECK(says(complaint(facts), "version 6.2.14"));
  facts = good();
  facts.maxmemory = "0";
  CHECK(says(complaint(facts), "maxmemory is 0"));
  facts = good();
  facts.version.clear();
  CHECK(says(complaint(facts), "may not ask Redis for its version"));
  facts = {.version = "7.2.0"};
  CHECK(says(complaint(facts), "CONFIG GET"));
}
