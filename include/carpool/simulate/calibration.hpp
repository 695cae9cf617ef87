// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// From what is known of a real service to lanes that can be simulated.

#pragma once

#include <carpool/scheduling/cost_model.hpp>
#include <carpool/scheduling/forecast.hpp>
#include <carpool/simulate/lanes.hpp>
#include <carpool/simulate/recorded_trace.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace carpool::simulate {

/// How fast a device is with several batches, of which two take `1 + interference` times as long as one. The
/// lanes count as independent below 0.05, as for the adaptive policy.
[[nodiscard]] inline double device_speed_of(double interference) noexcept {
  return interference < 0.05 ? std::numeric_limits<double>::infinity() : 2 / (1 + interference);
}

/// Lanes as a running batcher has learnt to know them. It does not say how much batches vary: 5 % is assumed.
[[nodiscard]] inline lane_model model_of(const forecast& learnt) noexcept {
  return {.per_batch = learnt.batch_cost.count() * 1e-3,
          .per_work = learnt.work_cost.count() * 1e-3,
          .device_speed = device_speed_of(learnt.interference),
          .spread = 0.05};
}

/// For each batch, in order of their start: how many ran while it did, on average, itself included.
[[nodiscard]] inline std::vector<double> concurrency_of(std::span<const recorded_batch> batches) {
  std::vector<double> overlap(batches.size(), 0);
  double longest = 0;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    longest = std::max(longest, batches[i].duration);
    for (std::size_t j = i; j-- > 0 && batches[j].start + longest > batches[i].start;) {
      const double end =
          std::min(batches[i].start + batches[i].duration, batches[j].start + batches[j].duration);
      const double shared = std::max(0.0, end - batches[i].start);
      overlap[i] += shared;
      overlap[j] += shared;
    }
  }
  for (std::size_t i = 0; i < batches.size(); ++i)
    overlap[i] = 1 + (batches[i].duration > 0 ? overlap[i] / batches[i].duration : 0);
  return overlap;
}

/// Lanes fitted to batches that ran, by the adaptive policy's own cost model; later batches count more. How
/// much they vary, and the share that took half as long again as expected, are measured against the fit.
/// Needs at least three batches.
[[nodiscard]] inline lane_model fit(std::span<const recorded_batch> batches) {
  const auto concurrency = concurrency_of(batches);
  scheduling::cost_model learnt;
  for (std::size_t i = 0; i < batches.size(); ++i)
    learnt.add(batches[i].work, 1e3 * batches[i].duration, concurrency[i]);

  std::vector<double> deviations;
  double stalls = 0, stalled = 0;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const double ratio = 1e3 * batches[i].duration / learnt.time(batches[i].work, concurrency[i]);
    if (ratio > 1.5)
      ++stalls, stalled += ratio;
    else if (ratio > 0)
      deviations.push_back(std::log(ratio));
  }
  double squares = 0;
  for (const double deviation : deviations) squares += deviation * deviation;
  return {.per_batch = learnt.fixed * 1e-3,
          .per_work = learnt.per_work * 1e-3,
          .device_speed = device_speed_of(learnt.interference),
          .spread = std::sqrt(squares / static_cast<double>(std::max<std::size_t>(deviations.size(), 1))),
          .stall_chance = stalls / static_cast<double>(std::max<std::size_t>(batches.size(), 1)),
          .stall_factor = stalls > 0 ? stalled / stalls : 1};
}

}  // namespace carpool::simulate
