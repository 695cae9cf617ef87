// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cluster {

/// The keys of one shard of a queue in Redis. Their braces keep them together where keys are spread over
/// servers.
struct queue_keys {
  /// `name` tells queues that share a Redis apart. The first shard, which knows of the others, is called as a
  /// queue that has no others: nothing has to move when some are added.
  explicit queue_keys(const std::string& name, std::size_t shard = 0)
      : prefix("{cp:" + name + (shard == 0 ? "" : ":" + std::to_string(shard)) + "}:") {}

  std::string requests() const { return prefix + "req"; }
  std::string dead() const { return prefix + "dead"; }
  std::string model() const { return prefix + "model"; }    // of the first shard only
  std::string shards() const { return prefix + "shards"; }  // likewise
  std::string done(const std::string& id) const { return prefix + "done:" + id; }
  std::string replies(const std::string& gateway) const { return prefix + "rep:" + gateway; }

  /// Whether replies may be written there: nobody has workers write to other keys.
  bool takes_replies(const std::string& key) const { return key.starts_with(prefix + "rep:"); }

  std::string prefix;
};

/// Whether this is a key of any queue.
inline bool is_key_of_a_queue(std::string_view text) { return text.starts_with("{cp:"); }

/// The group in which workers read requests.
inline constexpr const char* worker_group = "w";

}  // namespace cluster
