// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/shard_reading.hpp"

#include "support/doctest.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

using namespace std::chrono_literals;

TEST_CASE("a queue's metrics are told for each shard, and for each worker what it has of all of them") {
  const std::map<std::size_t, cluster::shard_reading> readings{
      {0, {.outstanding = 7, .waiting = 4, .oldest_age = 1500ms, .held = {{"one", 1}, {"two", 2}}}},
      {1, {.outstanding = 3, .dead_letters = 9, .died = 12, .held = {{"two", 3}}}}};
  carpool::prometheus_text text;
  cluster::add_queue_metrics(text, 2, readings);
  const std::string told = text.release();
  for (const char* line :
       {"carpool_cluster_shards 2", R"(carpool_cluster_queue_depth{shard="0"} 4)",
        R"(carpool_cluster_queue_depth{shard="1"} 0)",
        R"(carpool_cluster_queue_oldest_age_seconds{shard="0"} 1.5)",
        R"(carpool_cluster_outstanding{shard="1"} 3)", R"(carpool_cluster_dead_letters{shard="1"} 9)",
        R"(carpool_cluster_dead_letters_added_total{shard="1"} 12)",
        "# TYPE carpool_cluster_dead_letters_added_total counter", R"(carpool_cluster_held{worker="one"} 1)",
        R"(carpool_cluster_held{worker="two"} 5)"}) {
    INFO(line);
    CHECK(told.find(std::string(line) + "\n") != told.npos);
  }
}
