// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/action.hpp>
#include <carpool/scheduling/queue_view.hpp>
#include <carpool/scheduling/work_meter.hpp>

#include <cstddef>
#include <limits>

namespace carpool::scheduling {

/// How many of these, from the first on, max_batch_work lets into one batch; at least one.
[[nodiscard]] inline std::size_t fitting(const queue_view& queue, positions wanted) {
  const limits& bounds = queue.bounds();
  if (bounds.max_batch_work == std::numeric_limits<double>::infinity()) return wanted.size();
  work_meter meter(bounds.batch_work);
  while (meter.count() < wanted.size()) {
    const double work = queue[wanted[meter.count()]].work;
    if (meter.count() > 0 && meter.cost_with(work) > bounds.max_batch_work) break;
    meter.add(work);
  }
  return meter.count();
}

}  // namespace carpool::scheduling
