// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/moment.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace carpool::scheduling {

/// How many of the batch's members should leave now when other lanes are free to take the rest, because
/// smaller batches end sooner; not fewer than lanes that leave evenly spaced would find. When everybody is
/// here already, those lanes would find nobody: callers who come back together would keep one lane busy for
/// ever and leave the others idle, so then each takes its share.
[[nodiscard]] inline std::size_t split_size(const moment& at, const candidate& batch) noexcept {
  const std::size_t lanes = at.open_lanes();
  if (lanes <= 1 || batch.size() <= 1 || !at.load.cost.ready()) return batch.size();
  const auto share = static_cast<double>((batch.size() + lanes - 1) / lanes);
  const auto size = static_cast<double>(batch.size());
  const cost_model& cost = at.load.cost;
  const double together =
      cost.time(batch.work * share / size, at.concurrency() + static_cast<double>(lanes - 1));
  if (together >= 0.95 * cost.time(batch.work, at.concurrency())) return batch.size();
  if (!at.more_expected) return static_cast<std::size_t>(share);
  const double target = cost.batches > 20 ? at.load.spaced_batch(static_cast<double>(at.limit)) : 0;
  return static_cast<std::size_t>(std::clamp(std::ceil(1.25 * target), share, size));
}

}  // namespace carpool::scheduling
