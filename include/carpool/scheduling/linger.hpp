// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/moment.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace carpool::scheduling {

/// Whether a short wait for company pays, learnt without ever trying it. Each time a batch could leave, a
/// probe notes who arrives next: from the arrivals alone it follows what waits of several lengths would have
/// gained (requests that would have been in this batch instead of after it) and cost (a delay for all). For
/// Poisson traffic that is never positive; for callers that answer each other, and for fan-out, it is. Plain
/// data.
struct linger {
  static constexpr std::size_t waits = 6;  ///< lengths: fixed / 64, / 32, ... / 2
  static constexpr std::size_t most_probes = 64;

  /// The two ways in which a batch becomes possible; what follows differs.
  enum context : std::size_t { arrival_met_free_lane, lane_came_free };

  struct outcome {
    std::array<double, waits> gain{};     ///< mean, ms of all requests' latency
    std::array<double, waits> squared{};  ///< mean square
    double weight = 0;                    ///< probes behind it, at most 100
  };

  struct probe {
    double start = 0;       ///< ms
    double batch_time = 0;  ///< what the batch takes if it leaves at the start
    double waiting = 0;     ///< requests at the start
    double open_lanes = 1;  ///< arrivals that find a lane anyway
    context why = arrival_met_free_lane;
    std::array<double, waits> arrivals{};  ///< within each wait
    std::array<double, waits> saved{};     ///< what they would have saved, ms
    double during = 0;                     ///< arrivals while the batch would have run
    double full = timeline::infinite;      ///< since the start, when everybody had come
  };

  std::array<outcome, 2> learnt{};
  std::vector<probe> probes;  ///< oldest first

  [[nodiscard]] static double wait(std::size_t j, double fixed) noexcept {
    return fixed / 64 * static_cast<double>(std::size_t{1} << j);
  }

  /// A batch could leave now: start a probe of what follows. A full batch would not wait, so it needs none.
  void watch(const moment& at, context why) {
    if (!at.load.cost.ready() || at.waiting() >= at.most || probes.size() >= most_probes) return;
    const auto waiting = static_cast<double>(at.waiting());
    probes.push_back({.start = at.now,
                      .batch_time = at.load.batch_time(waiting, at.concurrency()),
                      .waiting = waiting,
                      .open_lanes = static_cast<double>(at.open_lanes()),
                      .why = why});
  }

  /// Until when the batch that could leave since `epoch` should wait, in ms; in the past if it should not.
  [[nodiscard]] double until(const moment& at, context why, double epoch) const {
    if (!at.more_expected) return -timeline::infinite;
    const double length = worthwhile(why, at.load.cost.fixed);
    if (length <= 0 || at.queue.fill_batch(at.most)) return -timeline::infinite;
    if (!at.deadlines_count) return epoch + length;
    const double grown = at.load.batch_time(static_cast<double>(at.waiting() + 1), at.concurrency());
    return std::min(epoch + length, at.pressing_deadline(0) - grown);
  }

  /// Runs for every request. `everybody`: as many are here as were at most in the last second.
  void on_arrival(double now, double fixed, bool everybody) noexcept {
    for (probe& each : probes) {
      const double age = now - each.start;
      if (everybody) each.full = std::min(each.full, age);
      if (age > each.batch_time) continue;
      ++each.during;
      for (std::size_t j = waits; j-- > 0 && age <= wait(j, fixed);)
        if (++each.arrivals[j] >= each.open_lanes) each.saved[j] += each.batch_time - age;
    }
  }

  /// Learns from the probes that have seen enough.
  void settle(double now, double fixed) noexcept {
    std::size_t over = 0;
    while (over < probes.size() && now - probes[over].start > std::max(probes[over].batch_time, fixed / 2))
      learn(probes[over++], fixed);
    probes.erase(probes.begin(), probes.begin() + static_cast<std::ptrdiff_t>(over));
  }

  /// The wait that is worth it beyond doubt (two standard errors), in ms; usually 0.
  [[nodiscard]] double worthwhile(context why, double fixed) const noexcept {
    const outcome& known = learnt[why];
    if (known.weight < 16) return 0;
    double best = 0, result = 0;
    for (std::size_t j = 0; j < waits; ++j) {
      if (known.gain[j] <= best) continue;
      const double variance = std::max(0.0, known.squared[j] - known.gain[j] * known.gain[j]);
      const double sure = known.gain[j] - 2 * std::sqrt(variance / known.weight);
      if (sure <= best) continue;
      best = sure;
      result = wait(j, fixed);
    }
    return result;
  }

 private:
  void learn(const probe& from, double fixed) noexcept {
    outcome& into = learnt[from.why];
    into.weight = std::min(into.weight + 1, 100.0);
    for (std::size_t j = 0; j < waits; ++j) {
      const double paid = std::min(wait(j, fixed), from.full) * (from.waiting + from.during);
      const double value = from.saved[j] - paid;
      into.gain[j] += (value - into.gain[j]) / into.weight;
      into.squared[j] += (value * value - into.squared[j]) / into.weight;
    }
  }
};

}  // namespace carpool::scheduling
