// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace cluster {

/// Knows which offset of each partition may be committed: Kafka remembers one number per partition, and takes
/// everything below it for done. So what was finished out of order waits for what is before it. Without
/// clock, threads and I/O. Not thread-safe.
class offset_ledger {
 public:
  struct position {
    std::int32_t partition = 0;
    std::int64_t offset = 0;

    friend bool operator==(const position&, const position&) = default;
  };

  /// Delivered, in the order of the partition's offsets, which may have gaps. Returns a name for this
  /// delivery, PARTITION:OFFSET#NUMBER: the same request delivered again has another number.
  std::string begin(const position& delivered);

  /// The offset that may be committed now, if that has changed: that of the first request that is not
  /// finished, or the one behind the last. Nothing for a delivery that is forgotten or was finished before.
  std::optional<position> finish(const std::string& entry);

  /// The partition belongs to another worker, to which all that is not finished will be delivered.
  void forget(std::int32_t partition);

 private:
  struct progress {
    std::set<std::int64_t> unfinished;
    std::int64_t next = 0;

    std::int64_t committable() const { return unfinished.empty() ? next : *unfinished.begin(); }
  };

  std::map<std::string, position> entries_;  // not finished
  std::map<std::int32_t, progress> partitions_;
  std::uint64_t deliveries_ = 0;
};

}  // namespace cluster
