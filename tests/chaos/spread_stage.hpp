// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "cluster/redis_cluster.hpp"
#include "crew.hpp"
#include "network.hpp"
#include "redis_link.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace chaos {

/// A cluster of real processes around a Redis Cluster of three masters, each with a replica, which share the
/// shards of the queue. All processes are told of a port that leads to any of the servers. Each of these has
/// a link to which clients and replicas are sent, and one to which the other servers are.
class spread_stage {
 public:
  spread_stage(std::size_t gateways, std::size_t workers);

  chaos::crew& crew() { return crew_; }
  carpool::test::redis_cluster& redis() { return redis_; }
  redis_link& server_link(std::size_t number) { return *server_links_.at(number); }

  /// No other server hears this one from now on, nor it them; programs reach it as before.
  void isolate(std::size_t server);
  /// The servers hear each other again.
  void reunite();

  /// Waits until everybody is answered, whatever the shard.
  void await_answers();

  /// Waits until all servers of Redis are there, in whatever part, and everybody is answered.
  void await_recovery();

  /// Waits until nothing is in the queue and nothing is pending; what there is, if that takes a minute.
  std::string await_empty_queue();

  /// Texts that were given up.
  std::size_t dead_letters() const;

 private:
  void lead_to(const carpool::test::redis_cluster& redis, std::size_t server);
  redis_link& complete();

  network network_;
  std::vector<redis_link*> server_links_;
  std::vector<redis_link*> bus_links_;
  carpool::test::redis_cluster redis_;
  redis_link& way_in_;
  chaos::crew crew_;
};

}  // namespace chaos
