// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/moment.hpp>

#include <cstddef>
#include <vector>

namespace carpool::scheduling {

/// The positions of the requests that would be late even if they left now and alone; serving them would make
/// others late, too. `largest_work` is the largest of late: beyond its time nobody needs to be looked at. If
/// nothing runs, or what does may never end, one request stays, because a wrong model heals only by running;
/// unless batches of late were not faster than it says.
inline void find_doomed(const moment& at, double largest_work, bool confirmed,
                        std::vector<std::size_t>& doomed) {
  doomed.clear();
  if (!at.deadlines_count) return;
  const cost_model& cost = at.load.cost;
  const double horizon = at.now + cost.least_time(largest_work, at.concurrency());
  std::size_t end = at.most;  // the look goes on for a batch behind the last one found
  for (std::size_t i = 0; i < at.waiting() && i < end; ++i) {
    const double deadline = at.deadline(i);
    if (deadline == timeline::infinite) continue;
    if (deadline >= horizon) break;
    if (deadline >= at.now + cost.least_time(at.queue[i].work, at.concurrency())) continue;
    doomed.push_back(i);
    end = i + 1 + at.most;
  }
  if (!confirmed && at.ending() == 0 && doomed.size() == at.waiting()) doomed.pop_back();
}

}  // namespace carpool::scheduling
