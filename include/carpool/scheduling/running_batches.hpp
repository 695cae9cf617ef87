// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/timeline.hpp>
#include <carpool/scheduling/waiting_request.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace carpool::scheduling {

/// The batches on their way, one per lane, and how many there were side by side over time. Plain data.
struct running_batches {
  struct batch {
    bool active = false;
    double start = 0;     ///< ms
    double integral = 0;  ///< of the number running, at the start
    double work = 0;
    std::size_t size = 0;
    std::vector<double> deadlines;  ///< ms, ascending, only of those who have one
  };

  std::vector<batch> lanes;
  std::size_t count = 0;
  double integral = 0;  ///< of the number running over time, until `updated`
  double updated = 0;   ///< ms

  [[nodiscard]] double integral_at(double now) const noexcept {
    return integral + static_cast<double>(count) * (now - updated);
  }

  /// Mean number of batches running since this one's start, itself included.
  [[nodiscard]] double concurrency(const batch& of, double now) const noexcept {
    const double elapsed = now - of.start;
    return elapsed > 1e-9 ? std::max(1.0, (integral_at(now) - of.integral) / elapsed) : 1;
  }

  /// Makes the lane's next begin() of a batch of so many unable to throw.
  void reserve(std::size_t lane, std::size_t members) {
    if (lanes.size() <= lane) lanes.resize(lane + 1);
    lanes[lane].deadlines.reserve(members);
  }

  void begin(std::size_t lane, std::span<const waiting_request> members, double work, double now,
             const timeline& time) noexcept {
    reserve(lane, members.size());
    advance(now);
    batch& begun = lanes[lane];
    count += begun.active ? 0 : 1;
    begun.active = true;
    begun.start = now;
    begun.integral = integral;
    begun.work = work;
    begun.size = members.size();
    begun.deadlines.clear();
    for (const auto& member : members)
      if (member.deadline != never) begun.deadlines.push_back(time.milliseconds(member.deadline));
    if (!std::is_sorted(begun.deadlines.begin(), begun.deadlines.end()))
      std::sort(begun.deadlines.begin(), begun.deadlines.end());
  }

  /// The lane's batch with its end at `now`; it stays readable until the lane begins another.
  const batch& end(std::size_t lane, double now) noexcept {
    advance(now);
    batch& ended = lanes[lane];
    ended.active = false;
    --count;
    return ended;
  }

  [[nodiscard]] bool active(std::size_t lane) const noexcept {
    return lane < lanes.size() && lanes[lane].active;
  }

 private:
  void advance(double now) noexcept {
    integral = integral_at(now);
    updated = now;
  }
};

}  // namespace carpool::scheduling
