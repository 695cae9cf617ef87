// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/error.hpp>

#include <simulation/scene.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <deque>
#include <limits>
#include <vector>

namespace carpool::test {

/// Keeps its own account of failed batches: who may be run again, how often, and how heavy batches may still
/// be after a lack of memory.
class retry_ledger {
 public:
  explicit retry_ledger(scene& at) : at_(at) { replenish(); }

  /// As a batcher begins, and is reconfigured.
  void replenish() {
    close_finished();
    most_ = credit_ = runs_to_search(at_.given.max_batch_size);
  }

  /// Functors run, one inside the other; those with this one among them for the first time, or again.
  void enter(int number) { running_.push_back(at_.of(number).failure); }
  void leave() { running_.pop_back(); }

  // ---- what happens to batches

  void succeeded(const std::vector<int>& batch) {
    close_finished();
    credit_ = std::min(credit_ + 1, most_);
    for (const int number : batch) heaviest_ = std::max(heaviest_, at_.of(number).work);
    ceiling_ = std::max(ceiling_ * (1 + 1 / 16.0), heaviest_);  // it rises by less
  }

  void failed(std::size_t lane, const std::vector<int>& batch, boost::system::error_code why,
              bool can_run_again) {
    close_finished();
    ++at_.failures;
    failed_batch& made = failures_.emplace_back();
    made.lane = lane;
    made.size = batch.size();
    made.in_parts = can_run_again && at_.given.isolate_failures && batch.size() > 1;
    made.granted = made.in_parts ? std::min(runs_to_search(batch.size()), credit_) : 0;
    credit_ -= made.granted;
    for (const int number : batch) at_.of(number).failure = &made;
    failed_again(batch, why);
  }

  void begin_again(std::size_t lane, const std::vector<int>& part) {
    const input& first = at_.of(part.front());
    if (first.failure == nullptr) return at_.expect(false, "a request ran again that had not failed");
    failed_batch& whole = *first.failure;
    at_.expect(whole.in_parts && whole.open && whole.lane == lane, "a batch ran again that must not");
    at_.expect(part.size() < whole.size, "a whole batch ran again");
    for (const int number : part) {
      const input& each = at_.of(number);
      at_.expect(each.failure == &whole && !each.served && !each.failed_alone,
                 "a request ran again that need not");
      at_.expect(each.last_error == first.last_error, "a part ran again that had not failed together");
    }
    if (first.last_error == error::out_of_memory) return;
    ++whole.used;
    at_.expect(whole.used <= whole.granted, "there were more re-runs than the budget has");
  }

  void failed_again(const std::vector<int>& part, boost::system::error_code why) {
    failed_batch& whole = *at_.of(part.front()).failure;
    for (const int number : part) {
      at_.of(number).last_error = why;
      at_.of(number).failed_alone |= part.size() == 1;
    }
    if (why != error::out_of_memory || (whole.misfit_size > 0 && whole.misfit_size <= part.size())) return;
    whole.misfit_size = part.size();
    whole.misfit_work = cost(part);
  }

  /// Those of the batch that failed with this one who are neither served nor known to be guilty.
  [[nodiscard]] std::vector<int> unjudged(int number) const {
    std::vector<int> result;
    const failed_batch* const whole = at_.of(number).failure;
    for (std::size_t i = 0; i < at_.inputs.size(); ++i) {
      const input& each = at_.inputs[i];
      if (each.failure == whole && !each.served && (!each.failed_alone || whole->size == 1))
        result.push_back(static_cast<int>(i));
    }
    return result;
  }

  // ---- what follows from it

  /// This request may be told what its batch failed with: it failed alone, or there was no run left to find
  /// out.
  [[nodiscard]] static bool may_fail(const input& each, boost::system::error_code why) {
    if (each.failure == nullptr || each.served || each.last_error != why) return false;
    if (!each.failure->in_parts || each.failed_alone) return true;
    return each.failure->used == each.failure->granted && why != error::out_of_memory;
  }

  /// No batch of several requests may be heavier.
  [[nodiscard]] double ceiling() {
    close_finished();
    return ceiling_;
  }

  [[nodiscard]] double cost(const std::vector<int>& batch) const {
    std::vector<double> works;
    for (const int number : batch) works.push_back(at_.of(number).work);
    return at_.given.batch_work(works);
  }

 private:
  static std::size_t runs_to_search(std::size_t n) {
    return n < 2 ? 0 : 2 * static_cast<std::size_t>(std::bit_width(n - 1)) + 1;
  }

  /// Batches that are not being run again any more: what they did not need goes back to the budget.
  void close_finished() {
    for (failed_batch& each : failures_) {
      if (!each.open || std::count(running_.begin(), running_.end(), &each) > 0) continue;
      each.open = false;
      credit_ = std::min(credit_ + each.granted - each.used, most_);
      if (each.misfit_size == 0) continue;
      ceiling_ = std::max(std::min(ceiling_, each.misfit_work / 2), heaviest_);
    }
  }

  scene& at_;
  std::size_t most_ = 0;
  std::size_t credit_ = 0;
  double ceiling_ = std::numeric_limits<double>::infinity();
  double heaviest_ = 0;  // that ran well
  std::vector<const failed_batch*> running_;
  std::deque<failed_batch> failures_;
};

}  // namespace carpool::test
