// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

namespace carpool::scheduling {

/// The bounds from carpool::options that the scheduler keeps by itself, whatever the policy.
struct queue_rules {
  std::size_t max_size = 4096;
  double max_work = std::numeric_limits<double>::infinity();
  std::size_t max_size_per_key = std::numeric_limits<std::size_t>::max();
  bool refuse_oversize = false;
  duration max_overtaking = duration::max();
  bool fair_sharing = false;
  std::function<double(std::uint64_t)> key_weight = {};
  duration hung_after = duration::max();
};

}  // namespace carpool::scheduling
