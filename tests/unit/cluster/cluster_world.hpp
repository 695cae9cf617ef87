// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "cluster/awaited_replies.hpp"
#include "cluster/text_request.hpp"
#include "cluster/worker_desk.hpp"
#include "shards_model.hpp"
#include "simulation/dice.hpp"
#include "stream_model.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace carpool::test {

/// Something happened that must never happen.
class violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What may happen in a world, besides texts that come and are answered.
struct world_terms {
  bool poison = false;      ///< some texts kill whatever worker runs them
  bool kills = false;       ///< workers die of nothing
  bool pauses = false;      ///< workers sleep for longer than their lease, and wake again
  bool restarts = false;    ///< gateways die, and another one takes the place
  bool flushes = false;     ///< Redis forgets everything
  bool departures = false;  ///< callers leave, or their deadlines pass
  bool growth = false;      ///< workers start that are told of more shards than there are
};

/// Gateways, workers and Redis under a virtual clock, one step at a time: what each decides is decided by the
/// code of the real programs. Throws violation.
class cluster_world {
 public:
  cluster_world(std::uint64_t seed, const world_terms& terms, bug planted = bug::none);

  /// One step of somebody.
  void step();

  /// No more faults and no more texts: everything that was admitted must come to an end.
  void settle();

 private:
  struct caller {
    std::vector<std::string> texts;
    std::vector<std::string> entries;
    std::size_t shard = 0;
    cluster::wall_time deadline{};
    std::size_t replied = 0;
  };

  struct gateway {
    explicit gateway(const std::string& name_) : name(name_), replies(name_) {}
    std::string name;
    cluster::awaited_replies replies;
    std::map<std::uint64_t, caller> callers;
    std::size_t shards = 1;  // that it uses
  };

  struct worker {
    worker(const std::string& name_, const cluster::desk_limits& limits) : name(name_), desk(limits) {}
    std::string name;
    cluster::worker_desk desk;
    std::map<std::string, cluster::delivery> running;
    time_point next_look{};
    bool asleep = false;
    std::size_t told = 1;    // of so many shards
    std::size_t shards = 1;  // that it reads
  };

  time_point now() const { return time_point{now_}; }
  cluster::wall_time wall_now() const {
    return cluster::wall_time{std::chrono::duration_cast<std::chrono::milliseconds>(now_)};
  }

  void pass_time();
  void look_for_shards(gateway& by);
  void look_for_shards(worker& by);
  void submit(gateway& by);
  void read_replies(gateway& by);
  void accept(gateway& by, const stream_model::reply& reply);
  void check_reply(const caller& who, std::size_t index, const std::string& payload) const;
  void let_callers_leave(gateway& by);
  void withdraw(const caller& left);
  void restart(std::unique_ptr<gateway>& which);
  void keep_leases(worker& by);
  void take_entries(worker& by);
  void adopt(worker& by);
  void check_abandoned(const std::string& entry) const;
  void begin(worker& by, const cluster::delivery& received);
  void end_one(std::unique_ptr<worker>& which);
  void kill(std::unique_ptr<worker>& which);
  void fault();
  bool all_quiet() const;

  world_terms terms_;
  bug planted_;
  dice dice_;
  shards_model redis_;
  duration now_ = std::chrono::hours{1};
  std::vector<std::unique_ptr<gateway>> gateways_;
  std::vector<std::unique_ptr<worker>> workers_;
  std::map<std::string, int> replies_by_id_;
  std::map<std::string, int> runs_by_text_;
  std::set<std::string> unwanted_;  // texts whose callers had left before a worker took them
  std::uint64_t names_ = 0;
  std::uint64_t texts_ = 0;
  bool has_room_ = false;  // what a gateway saw before it was somebody else's turn
};

}  // namespace carpool::test
