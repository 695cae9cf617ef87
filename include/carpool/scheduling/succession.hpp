// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/fleet.hpp>
#include <carpool/scheduling/policy.hpp>
#include <carpool/scheduling/wait_queue.hpp>
#include <carpool/scheduling/waiting_request.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace carpool::scheduling {

/// Tells a policy that takes over what it would have heard, in order of time, about the requests that are
/// here, so that it may count on having heard of each.
inline void brief(any_policy& successor, const wait_queue& queue, const fleet& lanes) {
  struct event {
    time_point time;
    const waiting_request* arrival;  // or none, and then the departure of this lane's batch
    std::size_t lane;
  };
  std::vector<event> events;
  for (std::size_t i = 0; i < queue.size(); ++i) events.push_back({queue[i].arrival, &queue[i], 0});
  for (const flight& each : lanes)
    for (const waiting_request& member : each.members()) events.push_back({member.arrival, &member, 0});
  for (std::size_t lane = 0; lane < lanes.size(); ++lane)
    if (lanes[lane].active()) events.push_back({lanes[lane].started(), nullptr, lane});
  std::stable_sort(events.begin(), events.end(),
                   [](const event& a, const event& b) { return a.time < b.time; });
  for (const event& each : events) {
    if (each.arrival != nullptr) {
      successor.on_arrival(*each.arrival);
      continue;
    }
    const auto members = lanes[each.lane].members();
    successor.reserve(each.lane, members.size());
    successor.on_dispatch(each.lane, members, each.time);
  }
}

}  // namespace carpool::scheduling
