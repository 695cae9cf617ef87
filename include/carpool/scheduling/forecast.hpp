// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <chrono>
#include <cstddef>

namespace carpool {

/// What a policy that learns has found out, for people: what batches cost, and how far the lanes are from
/// their limit. A plain value.
struct forecast {
  using milliseconds = std::chrono::duration<double, std::milli>;

  // A batch of work x takes (batch_cost + x * work_cost) * (1 + interference * (running batches - 1)).
  milliseconds batch_cost{};
  milliseconds work_cost{};  ///< per unit of work
  double interference =
      0;  ///< 0: lanes do not slow each other down; 1: two take as long as one after the other

  double arrival_rate = 0;          ///< requests per second in the last few batches' time
  double batch_size = 1;            ///< requests per batch at which the lanes keep up with that
  std::size_t in_flight_limit = 1;  ///< batches that the policy lets run side by side
  double load = 0;      ///< arrival rate / most that the lanes carry within deadlines; above 1 is too much
  double headroom = 0;  ///< how many times the arrival rate could be carried; infinite without arrivals
};

}  // namespace carpool
