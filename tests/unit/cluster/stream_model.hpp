// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "cluster/delivery.hpp"
#include "cluster/lease.hpp"
#include <carpool/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace carpool::test {

/// A bug that a test puts into the protocol's surroundings, to see whether it is noticed.
enum class bug {
  none,
  // Of the scripts and of the commands that are chosen.
  admission_looks_first,       ///< whether there is room is asked before, not with, the addition
  requests_are_trimmed,        ///< MAXLEN on the stream of requests
  claim_takes_the_living,      ///< XCLAIM without the time that an entry must have been idle
  refresh_counts_as_delivery,  ///< XCLAIM without JUSTID
  reply_every_time,            ///< a reply without a look at done:ID
  finished_stay,               ///< XACK without XDEL
  rejected_without_reply,      ///< to the dead letters, and nobody is told
  // Of workers and gateways.
  acknowledged_when_read,     ///< so that a crash loses what is held
  lease_not_refreshed,        ///<
  adopted_among_others,       ///< while other entries are held
  tried_for_ever,             ///< poison is never given up
  expired_are_run,            ///<
  gateway_keeps_its_name,     ///< when it starts again
  repeated_replies_accepted,  ///< the gateway does not notice them
  shards_not_learnt,          ///< a worker reads as many as it was told on its command line
  shards_used_untold,         ///< a gateway uses more than stand in Redis
  texts_stay_when_left,       ///< a gateway takes nothing out when its caller leaves
};

/// What Redis makes of the cluster's commands and scripts: a stream of requests with one group, streams of
/// replies, ids that are done, dead letters. Each function is what Redis does in one piece. Not thread-safe.
class stream_model {
 public:
  struct reply {
    std::string id, payload;
  };

  explicit stream_model(bug planted = bug::none) : planted_(planted) {}

  bool has_room(std::size_t count, std::size_t cap) const { return entries_.size() + count <= cap; }
  /// The entries; none if there is no room for all.
  std::vector<std::string> admit(const std::vector<cluster::delivery>& requests, std::size_t cap);
  void withdraw(const std::string& entry);
  bool is_taken(const std::string& entry) const { return std::stoull(entry) <= last_read_; }
  std::vector<cluster::delivery> read(const std::string& consumer, std::size_t count, time_point now);
  std::vector<cluster::abandoned_entry> idle(const cluster::lease& lease, time_point now) const;
  std::optional<cluster::delivery> claim(const std::string& entry, const std::string& consumer,
                                         const cluster::lease& lease, time_point now);
  void refresh(const std::vector<std::string>& entries, const std::string& consumer, time_point now);
  /// Whether the reply was the first one.
  bool finish(const cluster::delivery& done, const std::string& payload);
  void reject(const cluster::delivery& dead, const std::string& payload);
  std::vector<reply> take_replies(const std::string& key);

  /// Everything is gone, the group too; readers make it anew.
  void flush();

  std::size_t length() const { return entries_.size(); }
  std::size_t pending() const { return pending_.size(); }
  const std::vector<cluster::delivery>& dead_letters() const { return dead_letters_; }

 private:
  struct pending_entry {
    std::string consumer;
    time_point heard{};
    std::uint64_t times = 1;
  };

  void remove(const std::string& entry);

  bug planted_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, cluster::delivery> entries_;
  std::uint64_t last_read_ = 0;
  std::map<std::string, pending_entry> pending_;
  std::set<std::string> done_;
  std::map<std::string, std::vector<reply>> replies_;
  std::vector<cluster::delivery> dead_letters_;
};

}  // namespace carpool::test
