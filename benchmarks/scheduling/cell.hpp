// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What one cell of the grid is: a service, its traffic and its deadline, all in multiples of the time that
// one request takes alone, so that cells of different costs are alike.

#pragma once

#include <carpool/simulate/simulation.hpp>
#include <carpool/simulate/traffic.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace bench {

enum class traffic_kind { poisson, bursty, fan_out };

inline const char* to_string(traffic_kind kind) {
  return kind == traffic_kind::poisson ? "Poisson" : kind == traffic_kind::bursty ? "bursty" : "fan-out";
}

inline constexpr double no_deadline = std::numeric_limits<double>::infinity();

struct cell {
  double per_batch = 0;    ///< seconds
  double per_request = 0;  ///< seconds
  std::size_t max_batch_size = 1;
  std::size_t lanes = 1;
  bool one_device = false;
  double deadline = no_deadline;  ///< seconds
  traffic_kind traffic = traffic_kind::poisson;
  double load = 0;         ///< of capacity()
  double batch_times = 0;  ///< length of the measured part, in times that one request takes alone
  double pause = 0;        ///< seconds without arrivals before the measured part
  bool noisy = true;       ///< as real services are; false: batches and timers keep to the nanosecond

  /// Seconds for a batch of this size that runs alone.
  [[nodiscard]] double seconds(double size) const noexcept { return per_batch + per_request * size; }

  /// Requests per second that lanes which wait for nobody sustain within the deadline: a request may wait for
  /// one of `lanes` evenly spaced batches to start, and then for its end. A shared device counts as one lane.
  [[nodiscard]] double capacity() const noexcept {
    const double count = one_device ? 1.0 : static_cast<double>(lanes);
    const double room = deadline / (1 + 1 / count) - per_batch;
    const double size = std::clamp(room / per_request, 1.0, static_cast<double>(max_batch_size));
    return count * size / seconds(size);
  }

  [[nodiscard]] double rate() const noexcept { return load * capacity(); }
  [[nodiscard]] bool has_deadline() const noexcept { return deadline < no_deadline; }
  [[nodiscard]] carpool::duration deadline_duration() const noexcept {
    return has_deadline() ? carpool::simulate::from_seconds(deadline) : carpool::duration::max();
  }
};

inline std::string to_string(const cell& c) {
  char text[160];
  std::snprintf(text, sizeof text, "%g + %g n ms, n <= %zu, %zu lane%s%s, ", 1e3 * c.per_batch,
                1e3 * c.per_request, c.max_batch_size, c.lanes, c.lanes == 1 ? "" : "s",
                c.one_device ? " on one device" : "");
  std::string result = text;
  if (c.has_deadline()) {
    std::snprintf(text, sizeof text, "deadline %.3g ms, ", 1e3 * c.deadline);
    result += text;
  }
  std::snprintf(text, sizeof text, "%s, load %g", to_string(c.traffic), c.load);
  return result + text;
}

inline constexpr double warm_up_batch_times = 400;

/// Where the measured part begins, and where it ends.
inline carpool::time_point measured_from(const cell& c) {
  return carpool::time_point{} + carpool::simulate::from_seconds(c.seconds(1) * warm_up_batch_times);
}
inline carpool::time_point measured_until(const cell& c) {
  return measured_from(c) + carpool::simulate::from_seconds(c.seconds(1) * c.batch_times);
}

inline carpool::simulate::trace draw_traffic(const cell& c, std::uint64_t seed) {
  const double alone = c.seconds(1);
  const auto end = measured_until(c);
  switch (c.traffic) {
    case traffic_kind::bursty:
      return carpool::simulate::bursty(c.rate(), end, seed,
                                       {.busy_share = 0.25, .busy_factor = 2.5, .busy_seconds = 30 * alone});
    case traffic_kind::fan_out:
      return carpool::simulate::fan_out(c.rate(), end, seed, 8, 0.2 * alone);
    default:
      return carpool::simulate::poisson(c.rate(), end, seed);
  }
}

/// The same requests for every policy.
inline carpool::simulate::trace make_trace(const cell& c, std::uint64_t seed) {
  auto requests = draw_traffic(c, seed);
  const auto until = measured_from(c), from = until - carpool::simulate::from_seconds(c.pause);
  std::erase_if(requests, [&](const auto& each) { return each.at >= from && each.at < until; });
  return requests;
}

/// The service of a cell. Noise as in a real one: batches vary by 3 % and one in 1000 takes twice as long,
/// timers are up to 60 us late. Several batches on one device gain 15 %.
inline carpool::simulate::service make_service(const cell& c, std::uint64_t seed) {
  carpool::simulate::service simulated;
  simulated.bounds.max_batch_size = c.max_batch_size;
  simulated.bounds.max_queue_delay = std::chrono::milliseconds{5};
  simulated.bounds.lanes = c.lanes;
  simulated.max_queue_size = 1 << 16;
  simulated.model = {.per_batch = c.per_batch, .per_work = c.per_request};
  if (c.one_device) simulated.model.device_speed = 1.15;
  if (c.noisy) {
    simulated.model.spread = 0.03;
    simulated.model.stall_chance = 0.001;
    simulated.timer_lateness = std::chrono::microseconds{60};
  }
  simulated.measured_from = measured_from(c);
  simulated.seed = seed;
  return simulated;
}

}  // namespace bench
