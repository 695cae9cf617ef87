// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/outcome.hpp>
#include <carpool/scheduling/waiting_request.hpp>
#include <carpool/stats.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace carpool::scheduling {

/// The batch of one lane, from its departure to its end. While the lane *collects* the inputs its members
/// stay (the lane is reading them), and who wants to leave does so when it *seals* the batch; from then on
/// members leave at once.
class flight {
 public:
  [[nodiscard]] bool active() const noexcept { return active_; }
  [[nodiscard]] bool collecting() const noexcept { return active_ && !sealed_; }
  [[nodiscard]] time_point started() const noexcept { return started_; }
  [[nodiscard]] departure reason() const noexcept { return reason_; }

  /// Someone has been told that it runs too long.
  [[nodiscard]] bool hung() const noexcept { return hung_; }
  void mark_hung() noexcept { hung_ = true; }

  /// All members are still those that it began with.
  [[nodiscard]] bool whole() const noexcept { return whole_; }

  /// The members; one that left early has no handle.
  [[nodiscard]] std::span<const waiting_request> members() const noexcept { return {places_.data(), size_}; }

  /// Makes the batch ready for this many members; only this step may throw.
  void reserve(std::size_t members) {
    if (members > places_.size()) places_.resize(members);
    leavers_.reserve(members);
  }

  void begin(time_point now, departure reason) noexcept {
    started_ = now;
    reason_ = reason;
    active_ = true;
    sealed_ = false;
    hung_ = false;
    whole_ = true;
    next_deadline_ = time_point::min();
  }

  void add(const waiting_request& member) noexcept { add(std::span(&member, 1)); }

  void add(std::span<const waiting_request> members) noexcept {
    assert(size_ + members.size() <= places_.size());
    std::copy(members.begin(), members.end(), places_.data() + size_);
    size_ += members.size();
  }

  /// The first deadline of a member, of those after the time looked beyond, or earlier.
  [[nodiscard]] time_point next_deadline() const noexcept { return next_deadline_; }

  void look_beyond(time_point now) noexcept {
    next_deadline_ = never;
    for (const waiting_request& member : members())
      if (member.deadline > now) next_deadline_ = std::min(next_deadline_, member.deadline);
  }

  /// Member `i` wants to leave early. True: it is gone; false: it goes when the batch is sealed, or was gone
  /// already.
  bool leave(std::size_t i, outcome why) {
    if (places_[i].handle == nullptr) return false;
    whole_ = false;
    if (sealed_) {
      remove(i);
      return true;
    }
    const auto asked_before = [i](const auto& leaver) { return leaver.first == i; };
    if (std::none_of(leavers_.begin(), leavers_.end(), asked_before)) leavers_.emplace_back(i, why);
    return false;
  }

  /// Member `i` is not in this batch any more.
  void remove(std::size_t i) noexcept {
    places_[i].handle = nullptr;
    whole_ = false;
  }

  /// Somebody else has the place of this member from now on.
  void replace(std::size_t i, const waiting_request& successor) noexcept {
    places_[i] = successor;
    next_deadline_ = std::min(next_deadline_, successor.deadline);
  }

  /// The inputs are collected: who asked to leave goes now, `gone(position, member, why)`, the last one
  /// first, so that the shell can erase the inputs at these positions one by one. It returns who takes the
  /// place, if somebody does.
  template <class Gone>
  void seal(Gone gone) {
    std::sort(leavers_.begin(), leavers_.end(),
              [](const auto& a, const auto& b) { return a.first > b.first; });
    for (const auto& [i, why] : leavers_) {
      if (const std::optional<waiting_request> successor = gone(i, places_[i], why))
        replace(i, *successor);
      else
        erase(i);
    }
    leavers_.clear();
    sealed_ = true;
  }

  void end() noexcept {
    size_ = 0;
    active_ = false;
    next_deadline_ = never;
  }

 private:
  void erase(std::size_t i) noexcept {
    std::copy(places_.data() + i + 1, places_.data() + size_, places_.data() + i);
    --size_;
  }

  std::vector<waiting_request> places_;  // for members; the first of them are taken
  std::size_t size_ = 0;
  std::vector<std::pair<std::size_t, outcome>> leavers_;
  time_point started_{};
  time_point next_deadline_ = never;
  departure reason_ = departure::full;
  bool active_ = false;
  bool sealed_ = false;
  bool hung_ = false;
  bool whole_ = true;
};

}  // namespace carpool::scheduling
