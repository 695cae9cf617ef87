// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/flight.hpp>
#include <carpool/scheduling/outcome.hpp>
#include <carpool/scheduling/waiting_request.hpp>
#include <carpool/stats.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <optional>
#include <vector>

namespace carpool::scheduling {

/// The batches of all lanes, one per lane at most. A lane is *usable* if it is wanted and its device has not
/// been lost.
class fleet {
 public:
  [[nodiscard]] flight& operator[](std::size_t lane) noexcept { return flights_[lane]; }
  [[nodiscard]] const flight& operator[](std::size_t lane) const noexcept { return flights_[lane]; }

  /// Lanes that are wanted; how many are usable; how many of these are free; and how many run a batch, usable
  /// or not.
  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_; }
  [[nodiscard]] std::size_t usable() const noexcept { return usable_; }
  [[nodiscard]] std::size_t free() const noexcept { return usable_ + unusable_busy_ - busy_; }
  [[nodiscard]] std::size_t busy() const noexcept { return busy_; }

  /// Busy lanes that newly_hung() has named.
  [[nodiscard]] std::size_t hung() const noexcept { return hung_; }

  /// There is such a lane, or has been.
  [[nodiscard]] bool knows(std::size_t lane) const noexcept { return lane < lost_.size(); }

  /// A batch may begin on this lane when it is free.
  [[nodiscard]] bool usable(std::size_t lane) const noexcept { return lane < lanes_ && !lost_[lane]; }

  /// Of so many devices that the lanes are spread over (lane i on device i % devices), those with a usable
  /// lane.
  [[nodiscard]] std::size_t usable_devices(std::size_t devices) const noexcept {
    std::size_t count = 0;
    for (std::size_t device = 0; device < devices && device < lanes_; ++device) {
      std::size_t lane = device;
      while (lane < lanes_ && lost_[lane]) lane += devices;
      count += lane < lanes_;
    }
    return count;
  }

  /// A batch is not sealed yet.
  [[nodiscard]] bool collecting() const noexcept {
    return std::any_of(flights_.begin(), flights_.end(),
                       [](const flight& each) { return each.collecting(); });
  }

  /// Lanes that a batch may be running on: those below this number.
  [[nodiscard]] std::size_t size() const noexcept { return flights_.size(); }
  [[nodiscard]] auto begin() const noexcept { return flights_.begin(); }
  [[nodiscard]] auto end() const noexcept { return flights_.end(); }

  /// Makes the next resize() to so many lanes unable to throw.
  void reserve(std::size_t lanes) {
    flights_.reserve(lanes);
    lost_.reserve(lanes);
  }

  /// From now on so many lanes are wanted. A busy one above goes when its batch has ended.
  void resize(std::size_t lanes, time_point now) {
    const bool none_was_free = free() == 0;
    if (lanes > flights_.size()) flights_.resize(lanes);
    if (lanes > lost_.size()) lost_.resize(lanes);
    lanes_ = lanes;
    count();
    if (none_was_free && free() > 0) free_since_ = now;
    drop_unwanted();
  }

  /// The lane's device is lost, or is there again. A running batch goes on either way.
  void set_lost(std::size_t lane, bool lost, time_point now) noexcept {
    const bool none_was_free = free() == 0;
    lost_[lane] = lost;
    count();
    if (none_was_free && free() > 0) free_since_ = now;
  }

  void depart(std::size_t lane, time_point now, departure reason) noexcept {
    assert(usable(lane) && !flights_[lane].active());
    flights_[lane].begin(now, reason);
    ++busy_;
  }

  void land(std::size_t lane, time_point now) noexcept {
    if (free() == 0 && usable(lane)) free_since_ = now;
    hung_ -= flights_[lane].hung();
    flights_[lane].end();
    --busy_;
    if (usable(lane)) return;
    --unusable_busy_;
    drop_unwanted();
  }

  /// Running requests that match want to leave early; `left(member)` for each that goes at once returns who
  /// takes its place, if somebody does.
  template <class Matches, class Left>
  void leave_if(Matches matches, outcome why, Left left) {
    for (flight& each : flights_) leave_if(each, matches, why, left);
  }

  /// The same for those whose deadline has passed; only batches with such a member are looked through.
  template <class Left>
  void expire(time_point now, Left left) {
    const auto due = [now](const waiting_request& member) { return member.deadline <= now; };
    for (flight& each : flights_) {
      if (each.next_deadline() > now) continue;
      leave_if(each, due, outcome::expired, left);
      each.look_beyond(now);
    }
  }

  /// The first deadline that expire() has not seen yet, or earlier.
  [[nodiscard]] time_point next_deadline() const noexcept {
    time_point first = never;
    for (const flight& each : flights_) first = std::min(first, each.next_deadline());
    return first;
  }

  /// A lane whose batch has run this long by now, each batch once.
  [[nodiscard]] std::optional<std::size_t> newly_hung(time_point now, duration after) noexcept {
    for (std::size_t lane = 0; lane < size(); ++lane)
      if (hangs_at(flights_[lane], after) <= now) {
        flights_[lane].mark_hung();
        ++hung_;
        return lane;
      }
    return std::nullopt;
  }

  /// When the next batch will have run this long, if none ends before.
  [[nodiscard]] time_point next_hung(duration after) const noexcept {
    time_point first = never;
    for (const flight& each : flights_) first = std::min(first, hangs_at(each, after));
    return first;
  }

  /// Since when a lane has been free without a break, if one is.
  [[nodiscard]] time_point free_since() const noexcept { return free_since_; }

  /// What runs now.
  void report(stats& s, time_point now) const noexcept {
    s.lanes = lanes_;
    s.lost_lanes = lanes_ - usable_;
    s.busy_lanes = busy_;
    for (std::size_t lane = 0; lane < size(); ++lane) {
      const flight& each = flights_[lane];
      if (!each.active()) continue;
      for (const waiting_request& member : each.members()) s.running_work += member.work;
      if (now - each.started() <= s.longest_running) continue;
      s.longest_running = now - each.started();
      s.longest_lane = lane;
    }
  }

 private:
  template <class Matches, class Left>
  static void leave_if(flight& batch, Matches matches, outcome why, Left left) {
    for (std::size_t i = 0; i < batch.members().size(); ++i) {
      const waiting_request member = batch.members()[i];
      if (member.handle == nullptr || !matches(member) || !batch.leave(i, why)) continue;
      if (const std::optional<waiting_request> successor = left(member)) batch.replace(i, *successor);
    }
  }

  static time_point hangs_at(const flight& each, duration after) noexcept {
    return each.active() && !each.hung() ? saturating_add(each.started(), after) : never;
  }

  void count() noexcept {
    usable_ = unusable_busy_ = 0;
    for (std::size_t lane = 0; lane < lanes_; ++lane) usable_ += usable(lane);
    for (std::size_t lane = 0; lane < size(); ++lane)
      unusable_busy_ += !usable(lane) && flights_[lane].active();
  }

  void drop_unwanted() noexcept {
    while (flights_.size() > lanes_ && !flights_.back().active()) flights_.pop_back();
  }

  std::vector<flight> flights_;
  std::vector<bool> lost_;  // of every lane that there has been
  std::size_t lanes_ = 0;
  std::size_t usable_ = 0;
  std::size_t busy_ = 0;
  std::size_t hung_ = 0;
  std::size_t unusable_busy_ = 0;
  time_point free_since_ = time_point::min();
};

}  // namespace carpool::scheduling
