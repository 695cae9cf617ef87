// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/observe/histogram.hpp>
#include <carpool/scheduling/forecast.hpp>
#include <carpool/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <ostream>

namespace carpool {

/// Why a batch left the queue.
enum class departure {
  full,       ///< it reached max_batch_size or max_batch_work
  timeout,    ///< a request had waited max_queue_delay, or its own max_wait
  lane_free,  ///< a lane was free and the policy saw nothing to gain from waiting
  deadline,   ///< waiting longer would have cost a request its deadline
  drain,      ///< no more requests can come: the batcher is draining
};
inline constexpr std::size_t departure_count = 5;

/// The word for it; a string literal.
[[nodiscard]] constexpr const char* to_string(departure reason) noexcept {
  constexpr std::array<const char*, departure_count> words{"full", "timeout", "lane_free", "deadline",
                                                           "drain"};
  return words[static_cast<std::size_t>(reason)];
}

/// Times in nanoseconds, bucket width 1/8 of the value, up to 4.9 hours.
using duration_histogram = histogram<3, 44>;
/// Batch sizes, exact up to 32, then within 1/16.
using size_histogram = histogram<4, 20>;

/// What happened so far: one consistent snapshot, a plain value. At every moment
/// `submitted == succeeded + failed + rejected + expired + cancelled + shut_down + queued + running`.
struct stats {
  // Requests by outcome, since construction.
  std::uint64_t submitted = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;     ///< the model failed, for the batch or for this item, or lost its device
  std::uint64_t rejected = 0;   ///< error::queue_full or error::too_large
  std::uint64_t expired = 0;    ///< error::expired
  std::uint64_t cancelled = 0;  ///< operation_aborted
  std::uint64_t shut_down = 0;  ///< error::shut_down

  /// Of all submitted, those that shared the run of an equal one; see carpool::single_flight.
  std::uint64_t shared = 0;

  // Now.
  std::size_t queued = 0;
  std::size_t running = 0;  ///< requests in running batches whose callers still wait
  std::size_t lanes = 0;
  std::size_t lost_lanes = 0;  ///< of these, those whose device is lost; see carpool::device_lost
  std::size_t busy_lanes = 0;
  duration oldest_age{};         ///< the longest that a request in the queue has waited; zero when none does
  double queued_work = 0;        ///< of all waiting requests together, in the user's unit
  double running_work = 0;       ///< of all requests in running batches
  duration longest_running{};    ///< of the batch that has run longest; zero when none runs
  std::size_t longest_lane = 0;  ///< the lane that runs it
  double max_batch_work = std::numeric_limits<double>::infinity();  ///< in force, with what was learnt

  // Batches that ran, since construction.
  std::uint64_t batches = 0;
  std::array<std::uint64_t, departure_count> departures{};  ///< batches by departure reason
  size_histogram batch_size;
  duration_histogram queue_time;      ///< of each request in a batch, from arrival to its start
  duration_histogram execution_time;  ///< of each batch: collate, model and split

  /// What a policy that learns, such as the default one, has found out: what batches cost, the best size now,
  /// load and headroom. Empty for others, and before it knows anything.
  std::optional<carpool::forecast> forecast;

  [[nodiscard]] std::uint64_t departed(departure reason) const noexcept {
    return departures[static_cast<std::size_t>(reason)];
  }
};

/// A few lines for people; with fmt: `fmt::print("{}", fmt::streamed(batcher.stats()))`.
inline std::ostream& operator<<(std::ostream& out, const stats& s) {
  const auto milliseconds = [](std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) * 1e-6; };
  const auto times = [&](const char* name, const duration_histogram& h) {
    out << name << " ms: p50 " << milliseconds(h.quantile(0.5)) << ", p99 " << milliseconds(h.quantile(0.99))
        << '\n';
  };
  out << "requests: " << s.submitted << " submitted = " << s.succeeded << " succeeded + " << s.failed
      << " failed + " << s.rejected << " rejected + " << s.expired << " expired + " << s.cancelled
      << " cancelled + " << s.shut_down << " shut down + " << s.queued << " queued + " << s.running
      << " running\n";
  if (s.shared > 0) out << "of these " << s.shared << " shared a run with an equal one\n";
  out << "batches: " << s.batches << ", mean size " << s.batch_size.mean() << ", left because";
  for (std::size_t i = 0; i < departure_count; ++i)
    out << (i == 0 ? " " : ", ") << to_string(static_cast<departure>(i)) << ' ' << s.departures[i];
  out << '\n';
  times("queue time", s.queue_time);
  times("execution time", s.execution_time);
  if (s.forecast)
    out << "learnt: a batch takes " << s.forecast->batch_cost.count() << " ms + "
        << s.forecast->work_cost.count() << " ms per unit of work; at " << s.forecast->arrival_rate
        << " requests/s the best batch size is " << s.forecast->batch_size << ", the load "
        << s.forecast->load << '\n';
  return out;
}

}  // namespace carpool
