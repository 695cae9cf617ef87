// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "free_port.hpp"
#include "support/await.hpp"
#include "support/redis_server.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace carpool::test {

/// A certificate and its key, in PEM.
struct certificate_files {
  std::filesystem::path chain, key;
};

/// Three servers that share the keys, as a Redis Cluster.
class redis_cluster {
 public:
  /// `node_timeout`: a server that is not heard of for so long is taken for dead by the others.
  /// `certificate`: if given, they speak TLS only, and send clients to each other by the name localhost.
  /// `lead`: if given, they send clients, replicas and each other to ports of which each has to be led to its
  /// server: client_port() to socket(), and bus_port() to bus(). It is called for each as soon as it is
  /// there.
  explicit redis_cluster(std::chrono::milliseconds node_timeout = std::chrono::seconds{1},
                         const std::optional<certificate_files>& certificate = {},
                         std::function<void(const redis_cluster&, std::size_t server)> lead = {})
      : node_timeout_(node_timeout), certificate_(certificate), lead_(std::move(lead)) {
    for (std::size_t i = 0; i < masters; ++i)
      add(std::to_string(slots_each * i) + " " + std::to_string(last_slot(i)));
    for (std::size_t i = 0; i < masters; ++i)
      await([&] { return says(i, "CLUSTER INFO", "cluster_state:ok"); });
  }

  static constexpr std::size_t masters = 3;

  /// One of the servers, as carpool's programs take it.
  std::string address(std::size_t server = 0) const {
    return (certificate_ ? "localhost:" : "127.0.0.1:") + std::to_string(client_port(server));
  }
  std::uint16_t client_port(std::size_t server) const { return nodes_.at(server)->client_port; }
  std::string socket(std::size_t server) const { return nodes_.at(server)->redis.socket(); }

  /// Where the others reach it, and where it listens to them.
  std::uint16_t bus_port(std::size_t server) const { return nodes_.at(server)->bus_port; }
  std::uint16_t bus(std::size_t server) const { return nodes_.at(server)->bus; }
  /// From which it connects to others, if these are led to it: each has one of its own.
  std::string source(std::size_t server) const { return nodes_.at(server)->source; }

  std::size_t servers() const { return nodes_.size(); }

  /// What one of the servers says; it knows all keys of its own.
  std::string ask(std::size_t server, const std::string& command) const {
    return nodes_.at(server)->redis.ask(command);
  }

  /// What the server says that has the keys of the command now.
  std::string ask_owner(const std::string& command) const {
    std::string said;
    for (std::size_t i = 0; i < servers(); ++i)
      if (said = ask(i, command); !said.starts_with("MOVED")) break;
    return said;
  }

  /// The server that had this key at first.
  std::size_t owner(const std::string& key) const {
    const auto slot = static_cast<std::size_t>(std::stoi(ask(0, "CLUSTER KEYSLOT " + key)));
    return std::min(slot / slots_each, masters - 1);
  }

  /// Has another server take the place of this one when it dies.
  void add_replica(std::size_t of) {
    add("");
    const std::size_t replica = nodes_.size() - 1;
    const std::string id = ask(of, "CLUSTER MYID");
    await([&] { return ask(replica, "CLUSTER REPLICATE " + id) == "OK"; });  // as soon as it knows of it
    await([&] { return says(replica, "INFO replication", "master_link_status:up"); });
  }

  /// What one of them has now, which changes when another one takes its place.
  bool is_master(std::size_t server) const { return says(server, "INFO replication", "role:master"); }

  /// Whether all servers are there, keep what their masters write, and know who has which keys.
  bool is_whole() const {
    std::size_t found = 0;
    for (std::size_t i = 0; i < servers(); ++i) {
      if (!says(i, "CLUSTER INFO", "cluster_state:ok")) return false;
      if (!is_master(i) && !says(i, "INFO replication", "master_link_status:up")) return false;
      found += is_master(i);
    }
    return found == masters;
  }

  void kill(std::size_t server) { nodes_.at(server)->redis.kill(); }
  /// After kill(), with what it had.
  void start(std::size_t server) { nodes_.at(server)->redis.start(); }
  void signal(std::size_t server, int number) const { nodes_.at(server)->redis.signal(number); }

 private:
  struct node {
    node(std::size_t number, std::chrono::milliseconds timeout,
         const std::optional<certificate_files>& certificate, bool is_led_to)
        : client_port(is_led_to ? free_port() : port),
          bus_port(is_led_to ? free_port() : bus),
          source("127.0.1." + std::to_string(number + 1)),
          redis(options(timeout, certificate)) {}

    std::vector<std::string> options(std::chrono::milliseconds timeout,
                                     const std::optional<certificate_files>& certificate) const {
      std::vector<std::string> given{certificate ? "--tls-port" : "--port",
                                     std::to_string(port),
                                     "--cluster-enabled",
                                     "yes",
                                     "--cluster-port",
                                     std::to_string(bus),
                                     "--cluster-node-timeout",
                                     std::to_string(timeout.count()),
                                     "--repl-diskless-sync-delay",
                                     "0"};
      if (client_port != port)
        given.insert(given.end(), {"--cluster-announce-port", std::to_string(client_port),
                                   "--cluster-announce-bus-port", std::to_string(bus_port),
                                   "--cluster-announce-ip", "127.0.0.1", "--bind-source-addr", source});
      if (!certificate) return given;
      given.insert(given.end(),
                   {"--tls-cluster", "yes", "--tls-cert-file", certificate->chain.string(), "--tls-key-file",
                    certificate->key.string(), "--tls-ca-cert-file", certificate->chain.string(),
                    "--tls-auth-clients", "no", "--cluster-announce-hostname", "localhost",
                    "--cluster-preferred-endpoint-type", "hostname"});
      return given;
    }

    std::uint16_t port = free_port();
    std::uint16_t bus = free_port();
    std::uint16_t client_port;
    std::uint16_t bus_port;
    std::string source;
    redis_server redis;
  };

  static constexpr std::size_t slots_each = 16384 / masters;  // the last server also has what is left

  static std::size_t last_slot(std::size_t server) {
    return server + 1 == masters ? 16383 : slots_each * (server + 1) - 1;
  }

  bool says(std::size_t server, const std::string& command, const std::string& what) const {
    return ask(server, command).find(what) != std::string::npos;
  }

  void add(const std::string& slots) {
    nodes_.push_back(
        std::make_unique<node>(nodes_.size(), node_timeout_, certificate_, static_cast<bool>(lead_)));
    if (lead_) lead_(*this, nodes_.size() - 1);
    const node& started = *nodes_.back();
    if (!slots.empty()) started.redis.ask("CLUSTER ADDSLOTSRANGE " + slots);
    started.redis.ask("CLUSTER SET-CONFIG-EPOCH " + std::to_string(nodes_.size()));
    if (nodes_.size() > 1)
      ask(0, "CLUSTER MEET 127.0.0.1 " + std::to_string(started.client_port) + " " +
                 std::to_string(started.bus_port));
  }

  std::chrono::milliseconds node_timeout_;
  std::optional<certificate_files> certificate_;
  std::function<void(const redis_cluster&, std::size_t)> lead_;
  std::vector<std::unique_ptr<node>> nodes_;
};

}  // namespace carpool::test
