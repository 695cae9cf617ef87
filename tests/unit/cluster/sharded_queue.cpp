// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/sharded_queue.hpp"

#include "cluster/queue_keys.hpp"
#include "support/doctest.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

using namespace cluster;

TEST_CASE("clients, whose numbers are all odd, are spread evenly over any number of shards") {
  constexpr std::size_t clients = 8000;
  for (const std::size_t shards : {1U, 2U, 3U, 4U, 16U, 64U}) {
    std::vector<std::size_t> counts(shards);
    for (std::size_t i = 0; i < clients; ++i) {
      const std::uint64_t client = std::hash<std::string>{}("client " + std::to_string(i)) | 1;
      ++counts.at(shard_of(client, shards));
    }
    for (const std::size_t count : counts) {
      CHECK(count > clients / shards / 2);
      CHECK(count < clients / shards * 2);
    }
  }
}

TEST_CASE("the first shard of a queue has the keys of a queue without shards, and each has a hash tag") {
  CHECK(queue_keys{"bert"}.requests() == "{cp:bert}:req");
  CHECK(queue_keys{"bert", 0}.requests() == "{cp:bert}:req");
  const queue_keys third{"bert", 2};
  CHECK(third.requests() == "{cp:bert:2}:req");
  CHECK(third.dead() == "{cp:bert:2}:dead");
  CHECK(third.done("x") == "{cp:bert:2}:done:x");
  CHECK(third.takes_replies("{cp:bert:2}:rep:gateway"));
  CHECK_FALSE(third.takes_replies("{cp:bert}:rep:gateway"));
}
