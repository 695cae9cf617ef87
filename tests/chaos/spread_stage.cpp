// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "spread_stage.hpp"

#include "await_empty.hpp"
#include "cluster/await.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <vector>

namespace chaos {
namespace {

using carpool::test::await;
using carpool::test::redis_cluster;

constexpr std::size_t shards = 6;  // so many that each server has one, which a test of cluster/ checks

std::string prefix_of(std::size_t shard) {
  return shard == 0 ? "{cp:default}" : fmt::format("{{cp:default:{}}}", shard);
}

}  // namespace

spread_stage::spread_stage(std::size_t gateways, std::size_t workers)
    : redis_(std::chrono::seconds{2}, {}, true),  // longer than a server waits for a processor
      way_in_(complete()),
      crew_(std::vector(gateways, way_in_.address()), std::vector(workers, way_in_.address()),
            {"--shards", std::to_string(shards)}) {
  crew_.start();
  await_recovery();
}

// Gives each server a link and each master a replica, which reaches it by the master's link.
redis_link& spread_stage::complete() {
  std::vector<std::string> sockets;
  const auto add_link = [&](std::size_t server) {
    sockets.push_back(redis_.socket(server));
    server_links_.push_back(&network_.add({sockets.back()}, redis_.client_port(server)));
  };
  for (std::size_t i = 0; i < redis_cluster::masters; ++i) add_link(i);
  for (std::size_t i = 0; i < redis_cluster::masters; ++i) {
    redis_.add_replica(i);
    add_link(redis_.servers() - 1);
  }
  await([&] { return redis_.is_whole(); });
  return network_.add(sockets);
}

// Requests of nobody in particular go to the shards by turns, which callers also take.
void spread_stage::await_answers() { crew_.await_answers(2 * shards); }

void spread_stage::await_recovery() {
  await([&] { return redis_.is_whole(); });
  await_answers();
}

std::string spread_stage::await_empty_queue() {
  std::string left;
  for (std::size_t i = 0; i < shards && left.empty(); ++i)
    left = await_empty(prefix_of(i), [&](const std::string& command) { return redis_.ask_owner(command); });
  return left;
}

std::size_t spread_stage::dead_letters() const {
  std::size_t letters = 0;
  for (std::size_t i = 0; i < shards; ++i)
    letters += std::stoul(redis_.ask_owner("XLEN '" + prefix_of(i) + ":dead'"));
  return letters;
}

}  // namespace chaos
