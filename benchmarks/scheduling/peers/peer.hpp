// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/action.hpp>
#include <carpool/scheduling/queue_view.hpp>
#include <carpool/scheduling/waiting_request.hpp>
#include <carpool/simulate/lanes.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace bench {

/// The events, for rules that ignore most of them.
struct peer {
  void on_arrival(const carpool::scheduling::waiting_request&) noexcept {}
  void on_removed(std::size_t, carpool::time_point) noexcept {}
  void on_dispatch(std::size_t, std::span<const carpool::scheduling::waiting_request>,
                   carpool::time_point) noexcept {}
  void on_done(std::size_t, carpool::time_point, bool) noexcept {}
};

/// The oldest `count` requests leave.
inline carpool::scheduling::action take_oldest(std::size_t count) noexcept {
  return carpool::scheduling::dispatch{carpool::scheduling::positions::run(0, count),
                                       carpool::departure::lane_free};
}

/// The oldest `count` requests are given up.
inline carpool::scheduling::action drop_oldest(std::size_t count) noexcept {
  return carpool::scheduling::shed{carpool::scheduling::positions::run(0, count)};
}

/// What a batch of this size takes when it runs alone, for rules that are given a profile.
inline carpool::duration profiled(const carpool::simulate::lane_model& model, std::size_t size) noexcept {
  return carpool::simulate::from_seconds(model.seconds(static_cast<double>(size)));
}

/// The largest batch up to `most` of which `spacing` fit into the deadline; at least 1.
inline std::size_t target_size(const carpool::simulate::lane_model& model, carpool::duration deadline,
                               double spacing, std::size_t most) noexcept {
  const double room = carpool::simulate::to_seconds(deadline) / spacing;
  std::size_t size = most;
  while (size > 1 && model.seconds(static_cast<double>(size)) > room) --size;
  return size;
}

/// Oldest requests that would be late even if they left now in a batch of `target`, or of all that is left.
inline std::size_t hopeless_heads(const carpool::simulate::lane_model& model,
                                  const carpool::scheduling::queue_view& queue, std::size_t target,
                                  carpool::time_point now) noexcept {
  std::size_t drop = 0;
  while (drop < queue.size() &&
         queue[drop].deadline < now + profiled(model, std::min(target, queue.size() - drop)))
    ++drop;
  return drop;
}

}  // namespace bench
