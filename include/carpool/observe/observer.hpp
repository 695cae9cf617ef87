// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/stats.hpp>
#include <carpool/time.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>

namespace carpool {

/// Where a batch spent its time on the lane. A single callable does everything in its model step.
struct batch_times {
  duration collate{};
  duration model{};
  duration split{};
};

/// One batch, as on_batch_started and on_batch_finished tell of it.
struct batch_report {
  std::uint64_t id = 0;  ///< batches are numbered from 1 in the order in which they start
  std::size_t lane = 0;
  std::size_t size = 0;  ///< requests in it
  double work = 0;       ///< its cost in the user's unit, see options::batch_work
  departure reason = departure::lane_free;
  time_point started{};
  // When it has finished:
  time_point finished{};
  batch_times times;
  std::exception_ptr failure;  ///< what made the whole batch fail; null when it did not
};

/// How one request ended, and where its time went: queue + fill + collate + model + split, and what is left
/// of `ended - arrival` is the hand-over in between. All zero when it was in no batch: it has waited all the
/// time.
struct request_report {
  std::uint64_t id = 0;           ///< requests are numbered from 1 in the order of submission
  double work = 1;                ///< its cost in the user's unit; 1 if it was refused before it was asked
  boost::system::error_code why;  ///< success, or the error that its caller was told
  time_point arrival{};
  time_point ended{};
  std::uint64_t batch = 0;  ///< the batch that it was in; 0 when it was in none
  duration queue{};         ///< waited because every lane was busy
  duration fill{};    ///< waited while a lane was free, for company or because the policy began carefully
  batch_times times;  ///< of its batch
};

/// A lane that has been running one batch for longer than options::hung_after.
struct hung_lane_report {
  std::size_t lane = 0;
  std::uint64_t batch = 0;
  std::size_t size = 0;
  duration running{};
};

/// Told what happens in a batcher (options::observer). The functions are called outside of the batcher's
/// lock, on the thread where it happened: a lane's, a caller's, the timer's; so by several threads at once.
/// They delay what they watch, so they should be quick; they may call the batcher, and must not throw.
///
/// Every request that was submitted is reported exactly once when it has ended, those refused at the door
/// included; a batch that started is reported as finished before its requests are.
class observer {
 public:
  virtual ~observer() = default;
  virtual void on_batch_started(const batch_report&) noexcept {}
  virtual void on_batch_finished(const batch_report&) noexcept {}
  virtual void on_request_ended(const request_report&) noexcept {}
  virtual void on_lane_hung(const hung_lane_report&) noexcept {}
};

}  // namespace carpool
