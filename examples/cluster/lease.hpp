// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/time.hpp>

#include <chrono>

namespace cluster {

/// When a worker is taken for dead. Workers tell the queue that their entries are still being worked on, from
/// a thread that never runs the model: so this time has nothing to do with how long batches take, and slow is
/// not dead.
struct lease {
  /// An entry of which nothing was heard for this long belongs to whoever wants it. The same for all workers
  /// of a queue.
  carpool::duration time = std::chrono::seconds{3};

  /// A worker that may be late by as much again loses nothing.
  carpool::duration refresh_interval() const { return time / 3; }

  /// So that an entry is found, at the latest, when it has been abandoned for half as long again.
  carpool::duration look_interval() const { return time / 2; }
};

}  // namespace cluster
