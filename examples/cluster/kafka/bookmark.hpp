// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cluster {

/// What Kafka remembers of a partition for the group of workers: the committed offset and, as the metadata
/// that goes with it, what had been begun by then. So whoever gets the partition of a worker that died knows
/// what it may have died of.
struct bookmark {
  std::int32_t partition = 0;
  std::int64_t offset = 0;  ///< all requests below it are finished
  std::int64_t begun = 0;   ///< those below this one have been begun
  std::uint64_t times = 0;  ///< how often the request at `offset` has; others that have been begun: once

  friend bool operator==(const bookmark&, const bookmark&) = default;
};

/// Empty if all that has been begun is finished.
std::string metadata_of(const bookmark& mark);

/// Metadata that carpool has not written says that nothing has been begun.
bookmark parse_bookmark(std::int32_t partition, std::int64_t offset, std::string_view metadata);

}  // namespace cluster
