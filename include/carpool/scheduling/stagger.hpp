// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/moment.hpp>

#include <algorithm>
#include <cstddef>

namespace carpool::scheduling {

/// Where most of a batch's time is work, larger batches save little, and a wait wastes lanes that the load
/// needs. Not if, over a longer time, the load is too much for them anyway.
[[nodiscard]] inline bool waiting_wastes(const moment& at, double spacing) noexcept {
  const traffic& load = at.load;
  const auto lanes = static_cast<double>(at.limit);
  const double share = load.rate * load.time_each() * load.cost.slowdown(lanes) / lanes;
  const bool tight = at.deadlines_count && load.slack < 2.3 * spacing * lanes;
  return share > 0.8 - 0.8 / lanes + (tight ? 0.35 : 0) && load.slow_rate < load.capacity(lanes);
}

/// Until when a batch that takes the whole queue should wait for more, in ms; in the past if it should not.
/// Lanes that leave as soon as they can bunch: one takes a large batch and the next ones the crumbs. Evenly
/// spaced, each finds the batch at which all of them keep up with the arrivals.
[[nodiscard]] inline double stagger_until(const moment& at, const candidate& batch, double last_dispatch,
                                          double epoch) noexcept {
  const traffic& load = at.load;
  const auto lanes = static_cast<double>(at.limit);
  if (at.limit <= 1 || !load.cost.ready() || !at.more_expected) return -timeline::infinite;
  if (batch.size() >= at.most || !batch.everybody || batch.hopeless) return -timeline::infinite;
  const double target = load.spaced_batch(lanes);
  const double spacing = load.batch_time(target, lanes) / lanes;
  if (target <= 1.5 || static_cast<double>(batch.size()) >= 1.25 * target) return -timeline::infinite;
  if (waiting_wastes(at, spacing)) return -timeline::infinite;
  // Counted from the head's arrival; in a queue that is not in order of arrival the head may be new each
  // time, so the epoch bounds it.
  const std::size_t head = batch.members[0];
  const double until =
      std::min(std::max(at.arrival(head), last_dispatch) + 1.25 * spacing, epoch + 2.5 * spacing);
  if (!at.deadlines_count) return until;
  // Never spend the head's deadline.
  const auto grown = static_cast<double>(std::min(at.most, batch.size() + 1));
  return std::min(until, at.pressing_deadline(head) -
                             load.batch_time(grown, at.concurrency()) * (1 + 2.5 * load.cost.noise) - 0.05);
}

}  // namespace carpool::scheduling
