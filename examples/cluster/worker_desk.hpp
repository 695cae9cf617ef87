// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "delivery.hpp"
#include "lease.hpp"
#include <carpool/time.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace cluster {

/// What bounds a worker.
struct desk_limits {
  std::size_t capacity = 64;  ///< entries that it holds at once, at least 1
  cluster::lease lease = {};
  std::uint64_t tries = 3;  ///< deliveries of an entry before it is taken for poison
};

/// Decides what a worker does next with its queue, and knows what it holds. Without clock, threads and I/O.
///
/// An entry that was delivered before may be what its worker died of. So it is run when the worker holds
/// nothing else, and nobody else's request can die of it: the worker takes nothing new, finishes what it has,
/// adopts one such entry after the other, and then goes on as before. One that was tried often enough is not
/// run again.
///
/// Not thread-safe.
class worker_desk {
 public:
  enum class step {
    receive,  ///< take up to room() new entries
    adopt,    ///< take over next_abandoned()
    wait,     ///< until something that is held has ended, or something abandoned is found
    leave,    ///< nothing is held, and nothing more will be taken
  };

  explicit worker_desk(const desk_limits& limits) : limits_(limits) {}

  step next() const;

  /// How many new entries can be held: no more than can soon be in a batch, because other workers may be
  /// idle.
  std::size_t room() const;

  /// Entries that have been abandoned, in place of those found before. What is held here is none of them,
  /// even if the queue has not heard of it for a while.
  void found(const std::vector<abandoned_entry>& entries);

  /// The one to adopt now; it is not adopted twice, whatever becomes of it.
  std::string next_abandoned();

  /// A delivery has come, by receiving or adopting. Whether to run it: one that was tried too often must be
  /// rejected as poison. Either way it is held until end().
  bool begin(const delivery& received, carpool::time_point now);

  /// It has been finished or rejected.
  void end(const std::string& entry);

  /// Entries whose lease must be extended now; they are taken to be extended.
  std::vector<std::string> refresh(carpool::time_point now);

  /// When the next one is due, at the latest; carpool::time_point::max() if nothing is held.
  carpool::time_point next_refresh() const;

  /// Takes nothing from now on.
  void stop() { stopping_ = true; }

  std::size_t held() const { return held_.size(); }

 private:
  desk_limits limits_;
  std::map<std::string, carpool::time_point> held_;  // with the time of the last sign of life
  std::deque<std::string> abandoned_;
  bool alone_ = false;  // what is held was adopted
  bool stopping_ = false;
};

}  // namespace cluster
