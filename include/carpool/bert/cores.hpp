// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/control_groups.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <thread>

namespace carpool::bert {

/// How the cores of a CPU are shared among model runs.
struct core_shares {
  std::size_t lanes = 1;    ///< batches that run side by side
  std::size_t threads = 1;  ///< libtorch's intra-op threads of each

  friend bool operator==(const core_shares&, const core_shares&) = default;
};

/// The cores that this process may keep busy, at least one: those that it may run on, but no more than its
/// `quota` of CPU time is worth. With threads on all 64 cores of a machine a container of four would have
/// used its time up after a sixteenth of each period, and stood still for the rest.
inline std::size_t core_count(double quota = control_groups{}.cpu_quota()) {
  const double cores = std::max(1U, std::thread::hardware_concurrency());
  return static_cast<std::size_t>(std::clamp(std::ceil(quota), 1.0, cores));
}

/// The threads of each of `lanes` lanes: one core is left to those who submit, where there are two.
[[nodiscard]] constexpr std::size_t threads_per_lane(std::size_t cores, std::size_t lanes) noexcept {
  return std::max<std::size_t>(1, (std::max<std::size_t>(2, cores) - 1) / std::max<std::size_t>(1, lanes));
}

/// The default shares: lanes of four threads and a few, until the cores are used up.
///
/// An encoder layer is a dozen operators, and the threads of a lane meet at the end of each. Those over
/// dozens of rows of a few hundred numbers last tens of microseconds, so that with many threads most of the
/// time goes into meeting, and the attention goes from text to text. A second batch beside the first needs
/// no meeting. Four is what the benchmarks of Intel Extension for Transformers (`cores_per_instance`) take.
[[nodiscard]] constexpr core_shares share_cores(std::size_t cores) noexcept {
  constexpr std::size_t few = 4;
  const std::size_t lanes = std::max<std::size_t>(1, threads_per_lane(cores, 1) / few);
  return {lanes, threads_per_lane(cores, lanes)};
}

}  // namespace carpool::bert
