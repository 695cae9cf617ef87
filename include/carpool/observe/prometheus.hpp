// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// A batcher's statistics as Prometheus metrics. A service without metrics of its own serves
// `to_prometheus(batcher.stats())`; one that has some writes both into one prometheus_text.

#pragma once

#include <carpool/observe/prometheus_text.hpp>
#include <carpool/stats.hpp>
#include <carpool/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace carpool {

/// One histogram of durations, in steps of 1, 2.5 and 5 from 0.1 ms to 30 s. A step inside of a bucket of the
/// histogram leaves that whole bucket out.
inline void write_durations(prometheus_text& text, const char* name, const char* help,
                            const duration_histogram& times) {
  constexpr double bounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                               0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30};
  std::vector<std::pair<double, std::uint64_t>> buckets;
  for (const double bound : bounds)
    buckets.emplace_back(bound, times.count_up_to(static_cast<std::uint64_t>(bound * 1e9)));
  text.histogram(name, help, buckets, static_cast<double>(times.sum()) * 1e-9, times.count());
}

/// Requests by outcome. `invalid` counts what the service refused before it submitted it. In every answer
/// carpool_requests_submitted_total is the sum of carpool_requests_total over all outcomes plus
/// carpool_inflight_requests.
inline void write_requests(prometheus_text& text, const stats& s, std::uint64_t invalid = 0) {
  text.counter("carpool_requests_submitted_total", "Requests submitted.", s.submitted + invalid);
  text.family("carpool_requests_total", "counter", "Requests by what became of them.");
  const std::pair<const char*, std::uint64_t> outcomes[] = {
      {"ok", s.succeeded},        {"invalid", invalid}, {"rejected", s.rejected}, {"expired", s.expired},
      {"cancelled", s.cancelled}, {"error", s.failed},  {"shutdown", s.shut_down}};
  for (const auto& [outcome, count] : outcomes)
    text.sample("carpool_requests_total", {{"outcome", outcome}}, count);
  text.counter("carpool_requests_shared_total", "Requests that shared the run of an equal one.", s.shared);
  text.gauge("carpool_inflight_requests", "Requests that wait or are in a running batch.",
             s.queued + s.running);
}

/// Sizes of batches: each up to 16, then the powers of two up to 1024.
inline void write_batch_sizes(prometheus_text& text, const size_histogram& sizes) {
  std::vector<std::pair<double, std::uint64_t>> buckets;
  const auto add = [&](std::uint64_t bound) { buckets.emplace_back(bound, sizes.count_up_to(bound)); };
  for (std::uint64_t size = 1; size <= 16; ++size) add(size);
  for (std::uint64_t size = 32; size <= 1024; size *= 2) add(size);
  text.histogram("carpool_batch_size", "Requests in a batch.", buckets, static_cast<double>(sizes.sum()),
                 sizes.count());
}

/// Batches by why they left the queue, their sizes and their execution.
inline void write_batches(prometheus_text& text, const stats& s) {
  text.family("carpool_batches_total", "counter", "Batches by why they left the queue.");
  for (std::size_t i = 0; i < departure_count; ++i) {
    const auto reason = static_cast<departure>(i);
    const char* trigger = reason == departure::lane_free ? "idle" : to_string(reason);
    text.sample("carpool_batches_total", {{"trigger", trigger}}, s.departed(reason));
  }
  write_batch_sizes(text, s.batch_size);
  write_durations(text, "carpool_batch_execution_duration_seconds", "Model runs.", s.execution_time);
  text.gauge("carpool_inflight_batches", "Batches that run now.", s.busy_lanes);
  text.gauge("carpool_longest_running_seconds",
             "Time so far of the batch that has run longest, 0 without one.",
             std::chrono::duration<double>(s.longest_running).count());
  text.gauge("carpool_lanes", "Batches that could run side by side if no device was lost.", s.lanes);
  text.gauge("carpool_lost_lanes", "Lanes whose device is lost.", s.lost_lanes);
}

/// Who waits, and for how long.
inline void write_queue(prometheus_text& text, const stats& s) {
  write_durations(text, "carpool_queue_duration_seconds", "Wait of a request before its batch started.",
                  s.queue_time);
  text.gauge("carpool_queue_depth", "Requests that wait now.", s.queued);
  text.gauge("carpool_queue_oldest_age_seconds", "Wait so far of the request that has waited longest.",
             std::chrono::duration<double>(s.oldest_age).count());
}

/// What the policy has learnt, if it does that.
inline void write_forecast(prometheus_text& text, const stats& s) {
  if (!s.forecast) return;
  text.gauge("carpool_load", "Arrival rate over the most that the lanes carry; above 1 is too much.",
             s.forecast->load);
  text.gauge("carpool_best_batch_size", "Requests per batch at which the lanes keep up with the arrivals.",
             s.forecast->batch_size);
}

/// All of it.
[[nodiscard]] inline std::string to_prometheus(const stats& s) {
  prometheus_text text;
  write_requests(text, s);
  write_batches(text, s);
  write_queue(text, s);
  write_forecast(text, s);
  return text.release();
}

}  // namespace carpool
