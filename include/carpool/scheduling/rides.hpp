// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/service_order.hpp>
#include <carpool/scheduling/waiting_request.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace carpool::scheduling {

/// Requests that share one run. Of those of a ride one, the host, has a place in the queue or in a batch; the
/// others, its riders, are kept here and end with it. A host that leaves early hands its place to a rider, so
/// that a ride ends when its run does or when nobody is left.
class rides {
 public:
  /// Requests that have boarded, ever; riders now, by what their hosts do.
  [[nodiscard]] std::uint64_t boarded() const noexcept { return boarded_; }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }
  [[nodiscard]] std::size_t running() const noexcept { return running_; }

  /// Whether requests may board it: it has not ended, and has not been closed.
  [[nodiscard]] bool open(std::uint32_t ride) const noexcept {
    const auto found = rides_.find(ride);
    return found != rides_.end() && !found->second.closed;
  }

  /// It has not ended, and rides that have not in all.
  [[nodiscard]] bool contains(std::uint32_t ride) const noexcept { return rides_.contains(ride); }
  [[nodiscard]] std::size_t size() const noexcept { return rides_.size(); }

  /// Begins the ride of a request that joins the queue. False: there is no memory for it.
  [[nodiscard]] bool begin(const waiting_request& host) noexcept {
    try {
      successors_.reserve(rides_.size() + 1);
      rides_.emplace(host.ride, group{.wants = host});
      return true;
    } catch (...) {
      return false;
    }
  }

  /// Boards an open ride. False: there is no memory for it.
  [[nodiscard]] bool board(const waiting_request& rider) noexcept {
    group& mine = rides_.find(rider.ride)->second;
    try {
      mine.riders.push_back(rider);
    } catch (...) {
      return false;
    }
    ++boarded_;
    ++count_of(mine);
    return true;
  }

  /// The host would not wait as its new rider wants it to: it is due later, has a lower priority or stays
  /// longer. If so, the place that both need, to be put into the queue instead of the host's.
  [[nodiscard]] bool is_urgent(const waiting_request& rider) const noexcept {
    const group& mine = rides_.find(rider.ride)->second;
    return !mine.departed && (due(rider) < due(mine.wants) || rider.priority > mine.wants.priority ||
                              rider.leave_by < mine.wants.leave_by);
  }

  /// The rider that boarded last and the host agree on a place in the queue that suits both; who is due first
  /// is the host of it. `host` has been taken from the queue.
  [[nodiscard]] waiting_request agree(const waiting_request& host) noexcept {
    group& mine = rides_.find(host.ride)->second;
    return mine.wants = place_for(host, mine.riders.back());
  }

  /// The run begins.
  void depart(std::uint32_t ride) noexcept {
    const auto found = rides_.find(ride);
    if (found == rides_.end()) return;
    found->second.departed = true;
    waiting_ -= found->second.riders.size();
    running_ += found->second.riders.size();
  }

  /// The run was for nothing, and the host goes back to the queue: to this place, which suits everybody who
  /// has boarded meanwhile.
  [[nodiscard]] waiting_request come_back(const waiting_request& host) noexcept {
    const auto found = rides_.find(host.ride);
    if (found == rides_.end()) return host;
    group& mine = found->second;
    running_ -= mine.riders.size();
    waiting_ += mine.riders.size();
    mine.departed = mine.closed = false;
    return settle(mine, host);
  }

  /// Nobody boards any more: the run may never end, or is about to. Riders that there are.
  std::size_t close(std::uint32_t ride) noexcept {
    const auto found = rides_.find(ride);
    if (found == rides_.end()) return 0;
    found->second.closed = true;
    return found->second.riders.size();
  }

  /// The run has ended: hands the riders to `visit`.
  template <class Visit>
  void end(std::uint32_t ride, Visit visit) {
    const auto found = rides_.find(ride);
    if (found == rides_.end()) return;
    running_ -= found->second.riders.size();
    for (const waiting_request& rider : found->second.riders) visit(rider);
    rides_.erase(found);
  }

  /// The host leaves early: the rider that takes its place, or nothing, and then the ride is over.
  [[nodiscard]] std::optional<waiting_request> succeed(const waiting_request& host) noexcept {
    const auto found = rides_.find(host.ride);
    if (found == rides_.end()) return std::nullopt;
    group& mine = found->second;
    if (mine.riders.empty()) {
      rides_.erase(found);
      return std::nullopt;
    }
    std::swap(mine.riders.front(), mine.riders.back());  // of equals who came first
    const waiting_request successor = inherit(host, mine.riders.back());
    mine.riders.pop_back();
    --count_of(mine);
    return settle(mine, successor);
  }

  /// The same for a host that leaves the queue, who is not replaced before take_successors(): a queue cannot
  /// take anybody in while others leave it.
  void replace(const waiting_request& host) noexcept {
    if (const auto successor = succeed(host)) successors_.push_back(*successor);
  }
  template <class Take>
  void take_successors(Take take) {
    for (const waiting_request& successor : successors_) take(successor);
    successors_.clear();
  }

  /// Riders that match leave, `leave(rider)` for each; those of a run only if `running` ones are meant, too.
  /// Their number.
  template <class Matches, class Leave>
  std::size_t leave_if(Matches matches, bool running, Leave leave) {
    std::size_t left = 0;
    for (auto& [id, each] : rides_) {
      if (each.riders.empty() || (each.departed && !running)) continue;
      const std::size_t gone = std::erase_if(
          each.riders, [&](const waiting_request& rider) { return matches(rider) && (leave(rider), true); });
      count_of(each) -= gone;
      left += gone;
    }
    return left;
  }

  /// The first deadline of a rider.
  [[nodiscard]] time_point next_deadline() const noexcept {
    time_point first = never;
    for (const auto& [id, each] : rides_)
      for (const waiting_request& rider : each.riders) first = std::min(first, rider.deadline);
    return first;
  }

 private:
  struct group {
    waiting_request wants;  // the host when it joined the queue
    std::vector<waiting_request> riders{};
    bool departed = false;
    bool closed = false;
  };

  /// The place of this host that suits all of the ride.
  static const waiting_request& settle(group& mine, const waiting_request& host) noexcept {
    mine.wants = host;
    for (waiting_request& rider : mine.riders) mine.wants = place_for(mine.wants, rider);
    return mine.wants;
  }

  /// A place in the queue that suits both; who is due first becomes the host of it, the other one the rider.
  static waiting_request place_for(const waiting_request& host, waiting_request& rider) noexcept {
    waiting_request place = due(rider) < due(host) ? inherit(host, std::exchange(rider, host)) : host;
    place.priority = std::max(place.priority, rider.priority);
    place.leave_by = std::min(place.leave_by, rider.leave_by);
    return place;
  }

  /// The run goes on waiting where it was, for the account of the same key.
  static waiting_request inherit(const waiting_request& host, waiting_request successor) noexcept {
    successor.arrival = host.arrival;
    successor.key = host.key;
    successor.fair_tag = host.fair_tag;
    successor.aged = host.aged;
    successor.failed_over = host.failed_over;
    return successor;
  }

  [[nodiscard]] std::size_t& count_of(const group& of) noexcept { return of.departed ? running_ : waiting_; }

  std::unordered_map<std::uint32_t, group> rides_;
  std::vector<waiting_request> successors_;  // room for one of each ride
  std::uint64_t boarded_ = 0;
  std::size_t waiting_ = 0;
  std::size_t running_ = 0;
};

}  // namespace carpool::scheduling
