// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/simulate/arrivals.hpp>
#include <carpool/simulate/dice.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace carpool::simulate {

using trace = std::vector<arrival>;

/// Independent callers: exponentially distributed gaps, `rate` requests per second up to `end`.
[[nodiscard]] inline trace poisson(double rate, time_point end, std::uint64_t seed) {
  dice random(seed);
  trace requests;
  for (time_point at{};;) {
    at += from_seconds(random.exponential(1 / rate));
    if (at >= end) return requests;
    requests.push_back({.at = at});
  }
}

/// How bursty traffic alternates between calm and busy phases of exponentially distributed length.
struct burst_shape {
  double busy_share = 0.25;    ///< of the time
  double busy_factor = 2.5;    ///< rate in a burst over the mean rate; at most 1 / busy_share
  double busy_seconds = 0.25;  ///< mean length of a burst
};

/// A Markov-modulated Poisson process with two states and this mean rate.
[[nodiscard]] inline trace bursty(double rate, time_point end, std::uint64_t seed, const burst_shape& shape) {
  dice random(seed);
  const double calm_factor = (1 - shape.busy_share * shape.busy_factor) / (1 - shape.busy_share);
  const double calm_seconds = shape.busy_seconds * (1 - shape.busy_share) / shape.busy_share;
  trace requests;
  bool busy = random.uniform() < shape.busy_share;
  for (time_point at{}; at < end; busy = !busy) {
    const time_point until =
        std::min(end, at + from_seconds(random.exponential(busy ? shape.busy_seconds : calm_seconds)));
    const double gap = 1 / (rate * std::max(busy ? shape.busy_factor : calm_factor, 1e-9));
    for (;;) {  // without memory: the gap that a change of phase cuts short is drawn anew
      at += from_seconds(random.exponential(gap));
      if (at >= until) break;
      requests.push_back({.at = at});
    }
    at = until;
  }
  return requests;
}

/// Callers that ask for `group` things at once: groups come as a Poisson process, and the members of each
/// within `within_seconds`.
[[nodiscard]] inline trace fan_out(double rate, time_point end, std::uint64_t seed, std::size_t group,
                                   double within_seconds) {
  dice random(seed);
  trace requests;
  for (const arrival& first : poisson(rate / static_cast<double>(group), end, seed ^ 0x9e3779b97f4a7c15))
    for (std::size_t i = 0; i < group; ++i)
      requests.push_back({.at = first.at + from_seconds(within_seconds * random.uniform())});
  std::sort(requests.begin(), requests.end(), [](const arrival& a, const arrival& b) { return a.at < b.at; });
  return requests;
}

/// Gives every request a work from a lognormal distribution.
inline void draw_works(trace& requests, double median, double sigma, double largest, std::uint64_t seed) {
  dice random(seed);
  for (arrival& request : requests)
    request.work = std::clamp(std::round(median * std::exp(sigma * random.normal())), 1.0, largest);
}

/// Gives every request the work of one of `others`, drawn by chance; there must be one.
inline void draw_works(trace& requests, std::span<const arrival> others, std::uint64_t seed) {
  dice random(seed);
  for (arrival& request : requests) {
    const double place = random.uniform() * static_cast<double>(others.size());
    request.work = others[std::min(static_cast<std::size_t>(place), others.size() - 1)].work;
  }
}

}  // namespace carpool::simulate
