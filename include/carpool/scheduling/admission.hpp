// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/key_counts.hpp>
#include <carpool/scheduling/outcome.hpp>
#include <carpool/scheduling/queue_rules.hpp>
#include <carpool/scheduling/queue_view.hpp>
#include <carpool/scheduling/wait_queue.hpp>
#include <carpool/scheduling/waiting_request.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace carpool::scheduling {

/// What the requests of one submission ask for together.
struct demand {
  std::uint64_t key = 0;
  double work = 0;
  double heaviest = 0;  ///< the work of the heaviest of them

  /// One more request of them has this work.
  void add(double of_one) noexcept {
    work += of_one;
    heaviest = std::max(heaviest, of_one);
  }
};

/// Who may join the queue.
class admission {
 public:
  /// The bounds from now on; those who wait already stay. Strong guarantee.
  void apply(const queue_rules& rules, const limits& bounds, const wait_queue& queue) {
    constexpr double unlimited = std::numeric_limits<double>::infinity();
    const double max_item = rules.refuse_oversize ? bounds.max_batch_work : unlimited;
    const bool strict = max_item < unlimited || rules.max_work < unlimited ||
                        rules.max_size_per_key < std::numeric_limits<std::size_t>::max();
    key_counts of_keys;
    double work = 0;
    for (std::size_t i = 0; strict && i < queue.size(); ++i) {
      of_keys.reserve(queue[i].key);
      of_keys.join(queue[i].key);
      work += queue[i].work;
    }
    of_keys_ = std::move(of_keys);
    work_ = work;
    strict_ = strict;
    max_size_ = open_ ? rules.max_size : 0;
    max_size_per_key_ = rules.max_size_per_key;
    max_work_ = rules.max_work;
    max_item_ = max_item;
    item_cost_ = bounds.batch_work;
  }

  void close() noexcept {
    open_ = false;
    max_size_ = 0;
  }
  [[nodiscard]] bool open() const noexcept { return open_; }

  /// Requests that still fit into the queue, by their number; riders need memory as everybody does.
  [[nodiscard]] std::size_t room(const wait_queue& queue, std::size_t riders) const noexcept {
    const std::size_t taken = queue.size() + riders;
    return taken < max_size_ ? max_size_ - taken : 0;
  }

  /// Why these cannot join now, all or none; empty when they can.
  [[nodiscard]] std::optional<outcome> refusal(const wait_queue& queue, std::size_t riders, std::size_t count,
                                               time_point deadline, time_point now,
                                               const demand& asked) const noexcept {
    if (!open_) return outcome::shut_down;
    if (deadline <= now) return outcome::expired;
    if (strict_) return strict_refusal(queue, riders, count, asked);
    if (count > room(queue, riders)) return outcome::rejected;
    return std::nullopt;
  }

  /// There are bounds on work or keys, and so those who come and go have to be counted with the rest of
  /// these.
  [[nodiscard]] bool strict() const noexcept { return strict_; }

  /// Makes join() unable to throw for requests of this key.
  void reserve(std::uint64_t key) { of_keys_.reserve(key); }

  void join(const waiting_request& request, const wait_queue& queue) noexcept {
    if (queue.empty()) work_ = 0;  // no rounding error lives on
    of_keys_.join(request.key);
    work_ += request.work;
  }
  void leave(const waiting_request& request) noexcept {
    of_keys_.leave(request.key);
    work_ -= request.work;
  }

 private:
  /// A request that finds the queue empty is none too heavy for it.
  [[nodiscard]] std::optional<outcome> strict_refusal(const wait_queue& queue, std::size_t riders,
                                                      std::size_t count, const demand& asked) const noexcept {
    if (item_cost_({&asked.heaviest, 1}) > max_item_) return outcome::too_large;
    if (count > room(queue, riders)) return outcome::rejected;
    const bool alone = queue.empty() && count == 1;
    if (!alone && work_ + asked.work > max_work_) return outcome::rejected;
    const std::size_t of_key = of_keys_.waiting(asked.key);
    if (of_key > max_size_per_key_ || count > max_size_per_key_ - of_key) return outcome::rejected;
    return std::nullopt;
  }

  bool open_ = true;
  bool strict_ = false;
  std::size_t max_size_ = 0;
  std::size_t max_size_per_key_ = 0;
  double max_work_ = 0;
  double max_item_ = 0;
  batch_work item_cost_ = &total_work;
  key_counts of_keys_;
  double work_ = 0;  // of all who wait
};

}  // namespace carpool::scheduling
