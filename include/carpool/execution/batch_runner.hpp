// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/brief_lock.hpp>
#include <carpool/execution/effects.hpp>
#include <carpool/execution/lane.hpp>
#include <carpool/execution/lane_set.hpp>
#include <carpool/execution/shell.hpp>
#include <carpool/execution/stopwatch.hpp>
#include <carpool/observe/observer.hpp>
#include <carpool/options.hpp>
#include <carpool/scheduling/retry_budget.hpp>

#include <boost/config.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace carpool::execution {

/// One batch's way through a lane, from the moment in which its inputs have been collected: what is told to
/// whom, and what becomes of it when it fails. When a lane runs, and on which thread, is the workers' part.
template <class Clock>
class batch_runner : public shell<Clock> {
  using base = shell<Clock>;

 protected:
  batch_runner(const typename base::executor_type& executor, const options& given,
               scheduling::any_policy policy, std::unique_ptr<ride_finder> sharing)
      : base(executor, given, std::move(policy), std::move(sharing)),
        on_batch_error_(hook_of(given)),
        isolates_failures_(given.isolate_failures),
        retries_(given.max_batch_size) {}
  ~batch_runner() = default;

  /// Who wants to know why batches fail. Shared, because lanes may have no memory for a copy.
  using failure_hook = std::shared_ptr<const std::function<void(std::exception_ptr)>>;

  [[nodiscard]] static failure_hook hook_of(const options& given) {
    return std::make_shared<const std::function<void(std::exception_ptr)>>(given.on_batch_error);
  }

  /// Takes over what may change at any time, and exchanges the hook and the observer for the old ones. Under
  /// the lock.
  void apply(const options& given, failure_hook& on_batch_error,
             std::shared_ptr<observer>& observing) noexcept {
    on_batch_error_.swap(on_batch_error);
    observer_.swap(observing);
    isolates_failures_ = given.isolate_failures;
    retries_ = scheduling::retry_budget(given.max_batch_size);
  }

  /// Lets those go who left while the inputs were collected. False: nobody is left.
  [[nodiscard]] bool seal(lane_slot& mine, time_point now, brief_lock& lock) {
    effects out;
    lock.lock();
    bool dropped = false;
    const bool any = scheduler_.seal(mine.index, now, this->failing(out), [&](std::size_t position) {
      mine.lane->drop(position);
      dropped = true;
    });
    this->end_given_up(out);
    const auto observing = any ? observer_ : nullptr;
    if (observing) report_start(mine, now);
    this->release(lock, out);
    if (dropped) mine.lane->forget_dropped();
    if (observing) observing->on_batch_started(mine.report);
    return any;
  }

  /// Runs the functors and settles those who still wait; returns when it was done.
  time_point run(lane_slot& mine, effects& out, brief_lock& lock) {
    std::optional<stopwatch> watch;
    if (mine.report.id != 0) watch.emplace(&Clock::now);
    const std::exception_ptr failure = run_functors(mine, watch ? &*watch : nullptr, lock);
    if (sharing_ && !mine.lane->failure()) copy_results(mine, lock);
    lock.lock();
    const auto now = Clock::now();
    const auto observing = mine.report.id != 0 ? observer_ : nullptr;
    if (!failure) retries_.on_good_run();
    if (mine.lane->lost_device()) [[unlikely]]
      lose_device(mine, now, out);
    const bool for_all = mine.lane->all_succeeded() && !this->any_records() && scheduler_.whole(mine.index);
    if (for_all)
      scheduler_.finish_whole(mine.index, now);
    else
      finish_each(mine, failure != nullptr, watch, now, out);
    batch_report report = std::exchange(mine.report, {});
    lock.unlock();
    if (for_all)
      mine.lane->deliver_all(out.ready);
    else
      mine.lane->deliver(out.ready);
    if (observing) {
      report.finished = now;
      report.times = watch->times();
      report.failure = failure;
      observing->on_batch_finished(report);
    }
    return now;
  }

  /// Tells the hook why a batch failed, or a lane could not be made.
  static void report(const std::exception_ptr& failure, const failure_hook& hook) noexcept {
    if (!*hook) return;
    try {
      (*hook)(failure);
    } catch (...) {
    }
  }

  /// The lane gets no more batches, or may have them again.
  void set_lost(lane_slot& slot, bool lost, time_point now) noexcept {
    if (slot.lost == lost) return;
    scheduler_.set_lost(slot.index, lost, now);
    lanes_.set_lost(slot, lost);
  }

  using base::lanes_;
  using base::mutex_;
  using base::observer_;
  using base::scheduler_;
  using base::sharing_;

  failure_hook on_batch_error_;  // guarded by the lock

 private:
  /// Runs the batch, if it fails also in parts; returns what it failed with, rescued or not.
  std::exception_ptr run_functors(lane_slot& mine, stopwatch* watch, brief_lock& lock) {
    mine.lane->run(watch);
    const std::exception_ptr failure = mine.lane->failure();
    if (failure) recover(mine, failure, lock);
    return failure;
  }

  /// Makes the copies that several who share a run get of its result, before anybody is told how it ended:
  /// copying may fail, and takes as long as it takes. (Not to be inlined into every batch.)
  BOOST_NOINLINE void copy_results(lane_slot& mine, brief_lock& lock) {
    lock.lock();
    scheduler_.close_rides(
        mine.index, [&](std::size_t position, std::size_t riders) { mine.lane->share(position, riders); });
    lock.unlock();
    mine.lane->copy_results();
  }

  /// Claims the result for each who still waits.
  void finish_each(lane_slot& mine, bool failed, const std::optional<stopwatch>& watch, time_point now,
                   effects& out) {
    scheduler_.finish(mine.index, now, failed, [&](std::size_t position, void* handle) {
      auto& request = *static_cast<pending_request*>(handle);
      const auto why = mine.lane->claim(position, request);
      if (request.record != nullptr)
        report_end(this->take_record(request), mine.report, watch, why, now, out);
      return !why.failed();
    });
  }

  /// Saves those of a failed batch who are not to blame, as far as the budget for re-runs goes, and lets the
  /// scheduler learn from a lack of memory.
  void recover(lane_slot& mine, const std::exception_ptr& failure, brief_lock& lock) {
    lock.lock();
    const auto hook = on_batch_error_;
    const bool in_parts = isolates_failures_ && mine.lane->can_run_in_parts();
    const std::size_t size = scheduler_.batch(mine.index).members().size();
    const std::size_t granted = in_parts ? retries_.grant(size) : 0;
    lock.unlock();
    report(failure, hook);
    const std::size_t used = in_parts ? mine.lane->run_in_parts(granted) : 0;
    lock.lock();
    retries_.give_back(granted - used);
    if (const auto misfit = mine.lane->misfit(); misfit.count > 0) {
      const auto members = scheduler_.batch(mine.index).members();
      scheduler_.report_out_of_memory(scheduler_.cost_of(members.subspan(misfit.first, misfit.count)));
    }
    lock.unlock();
  }

  /// The lanes that share the device get no more batches, but for those that have newer functors already. Who
  /// can be run elsewhere goes back into the queue. (Not to be inlined into every batch.)
  BOOST_NOINLINE void lose_device(lane_slot& mine, time_point now, effects& out) noexcept {
    this->let_in(now, out);  // who came before finds the queue as it was
    for (std::size_t i = 0; i < lanes_.size(); ++i)
      if (scheduler_.share_device(i, mine.index) && lanes_[i].generation == mine.generation)
        set_lost(lanes_[i], true, now);
    scheduler_.put_back(mine.index, [&](std::size_t position, void* handle) {
      return mine.lane->give_back(position, *static_cast<pending_request*>(handle));
    });
  }

  // ---- what the observer is told; under the lock

  void report_start(lane_slot& mine, time_point now) noexcept {
    const auto& batch = scheduler_.batch(mine.index);
    mine.report.id = ++batches_;
    mine.report.lane = mine.index;
    mine.report.size = batch.members().size();
    mine.report.work = scheduler_.cost_of(batch.members());
    mine.report.reason = batch.reason();
    mine.report.started = now;
    for (const auto& member : batch.members()) {
      const auto* request = static_cast<const pending_request*>(member.handle);
      if (request == nullptr || request->record == nullptr) continue;
      request_report& report = request->record->report;
      const duration waited = std::max(now - report.arrival, duration::zero());
      report.batch = mine.report.id;
      report.fill =
          std::clamp(now - std::max(report.arrival, scheduler_.lane_free_since()), duration::zero(), waited);
      report.queue = waited - report.fill;
    }
  }

  static void report_end(std::unique_ptr<request_record> record, const batch_report& batch,
                         const std::optional<stopwatch>& watch, boost::system::error_code why, time_point now,
                         effects& out) noexcept {
    if (watch) record->report.times = watch->times();
    if (record->report.batch == 0) report_rider(record->report, batch, now);
    out.told.add(std::move(record), why, now);
  }

  /// It shared the run of a member. Of one that had begun before it arrived it is told the rest, as the
  /// model's.
  static void report_rider(request_report& report, const batch_report& batch, time_point now) noexcept {
    report.batch = batch.id;
    report.queue = std::max(batch.started - report.arrival, duration::zero());
    if (report.arrival > batch.started) report.times = {.model = now - report.arrival};
  }

  // Guarded by the lock.
  bool isolates_failures_;
  scheduling::retry_budget retries_;
  std::uint64_t batches_ = 0;  // that the observer was told of
};

}  // namespace carpool::execution
