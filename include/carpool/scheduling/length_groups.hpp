// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/moment.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace carpool::scheduling {

/// The next batch where every request is padded to the longest one: the head of the queue is cut into groups
/// of similar length that take the least time together, and the group with the first request leaves. That
/// bounds the age: the n-th is in the n-th batch at the latest. The cut is exact, by dynamic programming over
/// the requests sorted by length, as in TurboTransformers (Fang et al., 2021), which however commits to the
/// whole queue. Keeps its memory between decisions.
class length_groups {
 public:
  /// Only for a model that is ready. The candidate's members are valid until the next call.
  [[nodiscard]] candidate select(const moment& at) {
    sort_head(at);
    cut(at);
    take_first_group();
    const std::size_t grouped = group_.size();
    if (at.deadlines_count) leave_late_out(at);
    std::sort(group_.begin(), group_.end());
    candidate chosen{positions::list(group_), padded(at, group_.begin()), group_.size() == at.waiting()};
    chosen.pressed = group_.size() < grouped;
    return chosen;
  }

 private:
  using iterator = std::vector<std::size_t>::const_iterator;

  /// Four batches or, when batches are large, as many as can be cut in well under a millisecond.
  static std::size_t window(std::size_t most) noexcept {
    return std::clamp<std::size_t>(65536 / most, std::min<std::size_t>(most, 1024), 4 * most);
  }

  void sort_head(const moment& at) {
    const std::size_t size = std::min(at.waiting(), window(at.most));
    sorted_.resize(size);
    for (std::size_t i = 0; i < size; ++i) sorted_[i] = i;
    std::sort(sorted_.begin(), sorted_.end(), [&](std::size_t i, std::size_t j) {
      return at.queue[i].work != at.queue[j].work ? at.queue[i].work < at.queue[j].work : i < j;
    });
  }

  /// least_[j] is the least time of the j shortest requests, last_[j] the size of the group of the longest of
  /// them. A group may be no longer than its deadlines leave to it, and no larger than the bounds.
  void cut(const moment& at) {
    const cost_model& cost = at.load.cost;
    const auto& bounds = at.queue.bounds();
    const double longest = 0.9 * at.load.slack / (1 + 1 / static_cast<double>(bounds.lanes));
    least_.assign(sorted_.size() + 1, timeline::infinite);
    last_.assign(sorted_.size() + 1, 1);
    least_[0] = 0;
    for (std::size_t j = 1; j <= sorted_.size(); ++j) {
      const double length = at.queue[sorted_[j - 1]].work;
      for (std::size_t k = 1; k <= std::min(j, at.most); ++k) {
        const double work = static_cast<double>(k) * length;
        const double time = cost.time(work, at.concurrency());
        if (k > 1 && (time > longest || work > bounds.max_batch_work)) break;
        if (k > 1 && least_[j - k] + time >= least_[j]) continue;
        least_[j] = least_[j - k] + time;
        last_[j] = k;
      }
    }
  }

  void take_first_group() {
    std::size_t end = sorted_.size();
    for (;;) {
      const auto first = sorted_.begin() + static_cast<std::ptrdiff_t>(end - last_[end]);
      const auto last = sorted_.begin() + static_cast<std::ptrdiff_t>(end);
      if (std::find(first, last, std::size_t{0}) != last) return group_.assign(first, last);
      end -= last_[end];
    }
  }

  /// While the one with the earliest deadline would be late in this company, the others go without it.
  void leave_late_out(const moment& at) {
    const auto earlier = [&](std::size_t i, std::size_t j) {
      return at.queue[i].deadline < at.queue[j].deadline;
    };
    std::stable_sort(group_.begin(), group_.end(), earlier);
    auto rest = group_.begin();
    while (group_.end() - rest > 1 &&
           at.now + at.load.cost.time(padded(at, rest), at.concurrency()) > at.deadline(*rest))
      ++rest;
    group_.erase(group_.begin(), rest);
  }

  [[nodiscard]] double padded(const moment& at, iterator first) const noexcept {
    double longest = 0;
    for (auto i = first; i != group_.end(); ++i) longest = std::max(longest, at.queue[*i].work);
    return static_cast<double>(group_.end() - first) * longest;
  }

  std::vector<std::size_t> sorted_;  // positions, the shortest first
  std::vector<double> least_;
  std::vector<std::size_t> last_;
  std::vector<std::size_t> group_;
};

}  // namespace carpool::scheduling
