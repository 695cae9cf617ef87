// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "await.hpp"
#include "free_port.hpp"
#include "support/redis_server.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace carpool::test {

/// Three servers that share the keys, as a Redis Cluster.
class redis_cluster {
 public:
  redis_cluster() {
    for (std::size_t i = 0; i < masters; ++i)
      start(std::to_string(slots_each * i) + " " + std::to_string(last_slot(i)));
    for (std::size_t i = 0; i < masters; ++i)
      await([&] { return ask(i, "CLUSTER INFO").find("cluster_state:ok") != std::string::npos; });
  }

  static constexpr std::size_t masters = 3;

  /// The first server, as carpool's programs take it.
  std::string address() const { return "127.0.0.1:" + std::to_string(nodes_.front()->port); }

  /// What one of the servers says; it knows all keys of its own.
  std::string ask(std::size_t server, const std::string& command) const {
    return nodes_.at(server)->redis.ask(command);
  }

  /// The server that has this key.
  std::size_t owner(const std::string& key) const {
    const auto slot = static_cast<std::size_t>(std::stoi(ask(0, "CLUSTER KEYSLOT " + key)));
    return std::min(slot / slots_each, masters - 1);
  }

  /// Has another server take the place of this one when it dies.
  void add_replica(std::size_t of) {
    start("");
    const std::size_t replica = nodes_.size() - 1;
    const std::string id = ask(of, "CLUSTER MYID");
    await([&] { return ask(replica, "CLUSTER REPLICATE " + id) == "OK"; });  // as soon as it knows of it
    await(
        [&] { return ask(replica, "INFO replication").find("master_link_status:up") != std::string::npos; });
  }

  void kill(std::size_t server) { nodes_.at(server)->redis.kill(); }

 private:
  struct node {
    std::uint16_t port = free_port();
    std::uint16_t bus = free_port();
    redis_server redis{{"--port", std::to_string(port), "--cluster-enabled", "yes", "--cluster-port",
                        std::to_string(bus), "--cluster-node-timeout", "1000", "--repl-diskless-sync-delay",
                        "0"}};
  };

  static constexpr std::size_t slots_each = 16384 / masters;  // the last server also has what is left

  static std::size_t last_slot(std::size_t server) {
    return server + 1 == masters ? 16383 : slots_each * (server + 1) - 1;
  }

  void start(const std::string& slots) {
    nodes_.push_back(std::make_unique<node>());
    const node& started = *nodes_.back();
    if (!slots.empty()) started.redis.ask("CLUSTER ADDSLOTSRANGE " + slots);
    started.redis.ask("CLUSTER SET-CONFIG-EPOCH " + std::to_string(nodes_.size()));
    if (nodes_.size() > 1)
      ask(0, "CLUSTER MEET 127.0.0.1 " + std::to_string(started.port) + " " + std::to_string(started.bus));
  }

  std::vector<std::unique_ptr<node>> nodes_;
};

}  // namespace carpool::test
