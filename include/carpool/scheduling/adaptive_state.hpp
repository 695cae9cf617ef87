// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/arrival_rate.hpp>
#include <carpool/scheduling/cost_model.hpp>
#include <carpool/scheduling/linger.hpp>
#include <carpool/scheduling/look_above.hpp>
#include <carpool/scheduling/recent_peak.hpp>
#include <carpool/scheduling/running_batches.hpp>
#include <carpool/scheduling/slack.hpp>
#include <carpool/scheduling/timeline.hpp>

#include <cstddef>
#include <optional>

namespace carpool::scheduling {

/// What `adaptive` has learnt and what it keeps count of. Plain data; times in ms.
struct adaptive_state {
  timeline time;
  double now = 0;  ///< latest event: threads may report theirs a little out of order

  cost_model cost;
  double work_each = 1;           ///< mean batch work per request
  std::size_t largest_batch = 0;  ///< requests in the largest batch that has ended
  arrival_rate rate{.per_horizon = 1 / 5.0};
  arrival_rate slow_rate{.per_horizon = 1 / 80.0};
  slack deadlines;
  recent_peak largest_work;
  linger lingering;
  look_above looks;
  running_batches running;

  double outstanding = 0;  ///< requests that wait or run
  std::size_t waiting = 0;
  recent_peak peak;  ///< of outstanding
  std::optional<double> last_arrival;
  double last_dispatch = -timeline::infinite;
  double confirmed = -timeline::infinite;  ///< the end of the last batch that was not faster than expected

  struct possible_batch {
    double since = 0;
    linger::context why = linger::arrival_met_free_lane;
  };
  std::optional<possible_batch> epoch;  ///< since when the next batch could leave
};

}  // namespace carpool::scheduling
