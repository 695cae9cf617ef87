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

/// For each batch: how many ran while it did, on average, itself included.
[[nodiscard]] inline std::vector<double> concurrency_of(std::span<const recorded_batch> batches) {
  struct event {
    double at;
    std::size_t batch;
    bool ends;
  };
  std::vector<event> events;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    events.push_back({batches[i].start, i, false});
    events.push_back({batches[i].start + batches[i].duration, i, true});
  }
  std::stable_sort(events.begin(), events.end(), [](const event& a, const event& b) { return a.at < b.at; });

  // What all batches together have run when a batch starts is taken from what they have when it ends.
  std::vector<double> found(batches.size());
  double ran = 0, running = 0, last = 0;
  for (const event& each : events) {
    if (running > 0) ran += running * (each.at - last);
    last = each.at;
    running += each.ends ? -1 : 1;
    double& mine = found[each.batch];
    mine = each.ends ? ran - mine : ran;
  }
  for (std::size_t i = 0; i < batches.size(); ++i)
    found[i] = batches[i].duration > 0 ? std::max(1.0, found[i] / batches[i].duration) : 1;
  return found;
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
