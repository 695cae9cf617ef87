// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/stats.hpp>

#include <chrono>
#include <cstdint>

namespace carpool::test {

/// What a batcher may have counted; it adds up.
inline stats some_stats() {
  stats s;
  s.submitted = 30;
  s.succeeded = 20;
  s.failed = 1;
  s.rejected = 2;
  s.expired = 3;
  s.cancelled = 1;
  s.queued = 2;
  s.running = 1;
  s.busy_lanes = 1;
  s.batches = 3;
  s.departures = {1, 0, 2, 0, 0};
  for (const std::uint64_t size : {1U, 16U, 32U}) s.batch_size.record(size);
  s.queue_time.record(200'000);  // 0.2 ms
  s.oldest_age = std::chrono::milliseconds{250};
  return s;
}

}  // namespace carpool::test
