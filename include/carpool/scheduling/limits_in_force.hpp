// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/fleet.hpp>
#include <carpool/scheduling/queue_rules.hpp>
#include <carpool/scheduling/queue_view.hpp>
#include <carpool/scheduling/waiting_request.hpp>
#include <carpool/scheduling/work_ceiling.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace carpool::scheduling {

/// The bounds that policies have to keep: as configured, but for lanes and devices that are lost and for
/// memory that has turned out to be short.
class limits_in_force {
 public:
  [[nodiscard]] const limits& operator*() const noexcept { return in_force_; }
  [[nodiscard]] const limits* operator->() const noexcept { return &in_force_; }

  /// Lanes are spread over all devices, lost ones, too.
  [[nodiscard]] bool share_device(std::size_t lane, std::size_t other) const noexcept {
    return lane % configured_.devices == other % configured_.devices;
  }

  /// Other bounds from now on, for these lanes. No batch can be larger than the queue.
  void configure(const limits& wanted, const queue_rules& rules, const fleet& lanes) noexcept {
    configured_ = wanted;
    configured_.max_batch_size = std::min(wanted.max_batch_size, rules.max_size);
    in_force_ = configured_;
    heed_losses(lanes);
    heed_ceiling();
  }

  /// Lanes have been lost or are there again: policies see those that are left, and their devices.
  void heed_losses(const fleet& lanes) noexcept {
    in_force_.lanes = std::max<std::size_t>(1, lanes.usable());
    in_force_.devices = std::max<std::size_t>(1, lanes.usable_devices(configured_.devices));
  }

  /// A batch of this work, a whole one or a part that was run again, did not fit into memory: no batch of
  /// several requests gets as heavy for a while.
  void on_out_of_memory(double work) noexcept {
    ceiling_.on_out_of_memory(work);
    heed_ceiling();
  }

  /// A batch of these did fit.
  void on_success(std::span<const waiting_request> members) noexcept {
    if (!ceiling_.finite()) return;
    double heaviest = 0;
    for (const waiting_request& member : members) heaviest = std::max(heaviest, cost_of({&member, 1}));
    ceiling_.on_success(cost_of(members), heaviest);
    heed_ceiling();
  }

  /// Makes cost_of() unable to throw for batches of so many.
  void reserve(std::size_t members) { works_.reserve(members); }

  /// What these members of one batch cost together.
  [[nodiscard]] double cost_of(std::span<const waiting_request> members) noexcept {
    works_.clear();
    for (const waiting_request& member : members) works_.push_back(member.work);
    return works_.empty() ? 0 : in_force_.batch_work(works_);
  }

 private:
  void heed_ceiling() noexcept {
    in_force_.max_batch_work = std::min(configured_.max_batch_work, ceiling_.value());
  }

  limits configured_;
  limits in_force_;
  work_ceiling ceiling_;
  std::vector<double> works_;  // scratch, large enough for every batch that runs
};

}  // namespace carpool::scheduling
