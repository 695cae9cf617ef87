// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "bookmark.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cluster {

/// Knows which offset of each partition may be committed: Kafka remembers one number per partition, and takes
/// everything below it for done. So what was finished out of order waits for what is before it. Also knows
/// how often a request has been begun, as far as bookmarks tell. Without clock, threads and I/O. Not
/// thread-safe.
class offset_ledger {
 public:
  struct position {
    std::int32_t partition = 0;
    std::int64_t offset = 0;
  };

  /// What was committed of a partition that has come to this worker.
  void open(const bookmark& committed);

  /// Deliveries of this request that may have been begun, with this one. If there are others, nothing else
  /// may be begun before it is finished.
  std::uint64_t times(const position& delivered) const;

  /// What is to be committed before these are begun: what begin() will make of their partitions.
  std::vector<bookmark> before(const std::vector<position>& delivered) const;

  /// Begun, in the order of the partition's offsets, which may have gaps. Returns a name for this delivery,
  /// PARTITION:OFFSET#NUMBER: the same request delivered again has another number.
  std::string begin(const position& delivered);

  /// What may be committed now of its partition, if the offset has changed: it is that of the first request
  /// that is not finished, or the one behind the last. Nothing for a delivery that is forgotten or was
  /// finished before.
  std::optional<bookmark> finish(const std::string& entry);

  /// The same, of a partition that has one.
  bookmark mark(std::int32_t partition) const;

  /// Whether there is anything to say of this partition.
  bool has(std::int32_t partition) const { return partitions_.contains(partition); }

  /// Whether all that was begun is finished.
  bool idle() const { return entries_.empty(); }

  /// The partition belongs to another worker, to which all that is not finished will be delivered.
  void forget(std::int32_t partition);

 private:
  struct progress {
    std::set<std::int64_t> unfinished;
    std::int64_t next = 0;
    bookmark before_us = {};  // as the partition came

    std::int64_t committable() const { return unfinished.empty() ? next : *unfinished.begin(); }
    std::uint64_t times(std::int64_t offset) const;
    void begin(std::int64_t offset);
    bookmark mark(std::int32_t partition) const;
  };

  std::map<std::string, position> entries_;  // not finished
  std::map<std::int32_t, progress> partitions_;
  std::uint64_t deliveries_ = 0;
};

}  // namespace cluster
