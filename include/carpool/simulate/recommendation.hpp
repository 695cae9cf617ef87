// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Which options meet a goal? Every proposal serves the same requests under the virtual clock, with the code
// that would serve them.

#pragma once

#include <carpool/scheduling/adaptive.hpp>
#include <carpool/scheduling/eager.hpp>
#include <carpool/scheduling/policy.hpp>
#include <carpool/scheduling/size_or_timeout.hpp>
#include <carpool/simulate/arrivals.hpp>
#include <carpool/simulate/lanes.hpp>
#include <carpool/simulate/simulation.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace carpool::simulate {

/// Options to be tried.
struct proposal {
  std::string policy;  ///< as one would write it in C++
  std::size_t max_batch_size = 1;
  std::size_t lanes = 1;
  std::function<scheduling::any_policy()> make_policy;
};

/// What the options have to reach: that 99 % of the requests, those that get no answer included, are answered
/// within both.
struct target {
  duration p99 = duration::max();
  duration deadline = duration::max();
};

/// What is known of the service, and the requests that it gets.
struct workload {
  std::span<const arrival> requests;
  lane_model model;
  batch_work work = &total_work;
  std::size_t max_queue_size = 4096;
};

/// How a proposal did.
struct assessment {
  proposal options;
  duration p50{};
  duration p99{};  ///< this, p50 and mean: of the requests that were answered
  duration mean{};
  double goodput = 0;
  double mean_batch_size = 0;
  double utilisation = 0;
  bool meets_target = false;
};

/// The policies of the library with each number of lanes and each size, the default policy first.
[[nodiscard]] inline std::vector<proposal> usual_proposals(std::span<const std::size_t> lanes,
                                                           std::span<const std::size_t> sizes) {
  using scheduling::any_policy;
  std::vector<proposal> all;
  for (const std::size_t count : lanes)
    for (const std::size_t size : sizes) {
      all.push_back({"adaptive{}", size, count, [] { return any_policy(adaptive{}); }});
      all.push_back({"eager{}", size, count, [] { return any_policy(eager{}); }});
      for (const int delay : {1, 2, 5, 10, 20})
        all.push_back({"size_or_timeout{" + std::to_string(size) + ", " + std::to_string(delay) + "ms}", size,
                       count, [size, delay] {
                         return any_policy(size_or_timeout{size, std::chrono::milliseconds{delay}});
                       }});
    }
  return all;
}

/// The first tenth of the requests warms up: not of their time, in which there may be a gap.
[[nodiscard]] inline assessment assess(const proposal& tried, const workload& load, const target& wanted) {
  service simulated;
  simulated.bounds.max_batch_size = tried.max_batch_size;
  simulated.bounds.lanes = tried.lanes;
  simulated.bounds.batch_work = load.work;
  simulated.max_queue_size = load.max_queue_size;
  simulated.model = load.model;
  simulated.timer_lateness = std::chrono::microseconds{60};
  if (!load.requests.empty()) simulated.measured_from = load.requests[load.requests.size() / 10].at;
  const auto seen = run(simulated, replay(load.requests, wanted.deadline), tried.make_policy());
  return {.options = tried,
          .p50 = seen.latency_quantile(0.5),
          .p99 = seen.latency_quantile(0.99),
          .mean = seen.mean_latency(),
          .goodput = seen.goodput(),
          .mean_batch_size = seen.counts.batch_size.mean(),
          .utilisation = seen.utilisation,
          .meets_target = seen.answered_within(std::min(wanted.p99, wanted.deadline)) >= 0.99};
}

/// Whether `a` is to be preferred: it meets the target where `b` does not; with fewer lanes; 2 % sooner on
/// average. Where neither meets it: more requests in time.
[[nodiscard]] inline bool is_preferred(const assessment& a, const assessment& b) noexcept {
  if (a.meets_target != b.meets_target) return a.meets_target;
  if (!a.meets_target) return a.goodput != b.goodput ? a.goodput > b.goodput : a.p99 < b.p99;
  if (a.options.lanes != b.options.lanes) return a.options.lanes < b.options.lanes;
  return to_seconds(a.mean) < 0.98 * to_seconds(b.mean);
}

/// The one to take: no later one is preferred to it. There must be one.
[[nodiscard]] inline std::size_t recommend(std::span<const assessment> all) noexcept {
  std::size_t best = 0;
  for (std::size_t i = 1; i < all.size(); ++i)
    if (is_preferred(all[i], all[best])) best = i;
  return best;
}

}  // namespace carpool::simulate
