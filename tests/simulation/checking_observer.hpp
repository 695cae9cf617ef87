// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/observe/observer.hpp>

#include <simulation/scene.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>

namespace carpool::test {

/// Checks what it is told: every request once, every batch twice, nothing that cannot be.
class checking_observer final : public observer {
 public:
  explicit checking_observer(scene& at) : at_(at) {}

  void on_batch_started(const batch_report& batch) noexcept override {
    at_.expect(batch.id == ++started_, "batches are not numbered in order");
    at_.expect(batch.size > 0, "an empty batch was reported");
    running_.emplace(batch.id, batch);
  }

  void on_batch_finished(const batch_report& batch) noexcept override {
    const auto found = running_.find(batch.id);
    if (found == running_.end()) return at_.expect(false, "a batch ended that had not been started");
    at_.expect(found->second.lane == batch.lane && found->second.size == batch.size,
               "a batch changed while it ran");
    at_.expect(batch.finished >= batch.started, "a batch ended before it started");
    failed_ += batch.failure != nullptr;
    running_.erase(found);
  }

  void on_request_ended(const request_report& request) noexcept override {
    at_.expect(request.id > 0 && ended_.insert(request.id).second, "a request was reported twice");
    at_.expect(request.batch <= started_, "a request was in a batch that was never started");
    at_.expect(request.why || (request.batch > 0 && !running_.contains(request.batch)),
               "a request succeeded before its batch ended");
    at_.expect(request.queue >= duration::zero() && request.fill >= duration::zero(), "a wait is negative");
    const duration known =
        request.queue + request.fill + request.times.collate + request.times.model + request.times.split;
    at_.expect(known <= request.ended - request.arrival, "a request took longer than it was here");
    ++counts_[kind_of(request.why)];
  }

  void on_lane_hung(const hung_lane_report& hung) noexcept override {
    at_.expect(running_.contains(hung.batch) && hung.running >= at_.given.hung_after,
               "a lane was called hung that was not");
    at_.expect(hung_.insert(hung.batch).second, "a lane was called hung twice for one batch");
  }

  /// When everything has ended.
  void check_end(const stats& s) {
    at_.expect(running_.empty() && started_ == s.batches, "a batch was not reported");
    at_.expect(ended_.size() == s.submitted && (ended_.empty() || *ended_.rbegin() == s.submitted),
               "a request was not reported");
    at_.expect(failed_ == at_.failures, "failed batches are miscounted");
    const std::uint64_t told[] = {s.succeeded, s.failed, s.rejected, s.expired, s.cancelled, s.shut_down};
    for (std::size_t kind = 0; kind < 6; ++kind)
      at_.expect(told[kind] == counts_[kind], "the counts differ from the reports");
  }

 private:
  static std::size_t kind_of(boost::system::error_code why) {
    if (!why) return 0;
    if (why == error::queue_full || why == error::too_large) return 2;
    if (why == error::expired) return 3;
    if (why == asio::error::operation_aborted) return 4;
    return why == error::shut_down ? 5 : 1;
  }

  scene& at_;
  std::uint64_t started_ = 0;
  std::uint64_t failed_ = 0;
  std::map<std::uint64_t, batch_report> running_;
  std::set<std::uint64_t> ended_;
  std::set<std::uint64_t> hung_;
  std::uint64_t counts_[6]{};
};

}  // namespace carpool::test
