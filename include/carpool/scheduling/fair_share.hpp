// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/waiting_request.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>

namespace carpool::scheduling {

/// Shares service between keys in proportion to their weights, counted in work: start-time fair queueing
/// (Goyal, Vin and Cheng, "Start-time Fair Queuing", 1996). A request's tag is its start in virtual time,
/// when the key's earlier requests would have ended if each key had a server of its own as fast as its
/// weight; who has the smallest tag is served first, and virtual time is the tag of who was served last.
///
/// Deficit round robin gives the same shares, but from a queue per key and a pointer that moves; here a
/// request gets one number when it arrives, so that there is one ordered queue which any policy can look at.
/// Each priority has a virtual time of its own: it stands still while higher ones are served.
class fair_share {
 public:
  using weight_function = std::function<double(std::uint64_t)>;

  /// The weight of a key, finite and more than zero; asked when the key shows up. None: all weigh the same.
  explicit fair_share(weight_function weight) : weight_(std::move(weight)) {}

  /// Makes the next tag() of a request like this one unable to throw. Throws what the weight function throws.
  void reserve(const waiting_request& like) {
    if (flows_.contains({like.key, like.priority})) return;
    if (flows_.size() >= forget_at_) forget_idle();
    remember(like);
  }

  /// The tag of a request that arrives now.
  [[nodiscard]] double tag(const waiting_request& request) noexcept {
    auto found = flows_.find({request.key, request.priority});
    if (found == flows_.end()) found = try_to_remember(request);
    if (found == flows_.end()) return time_of(request);
    flow& mine = found->second;
    const double start = std::max(time_of(request), mine.end);
    mine.end = start + span_of(request, mine);
    return start;
  }

  /// The tag of one that was served for nothing: the one that it had, which is of the past. Tags begin anew
  /// when weights do, and each priority has its own, so it is no later than now.
  [[nodiscard]] double tag_again(const waiting_request& request) noexcept {
    return std::min(request.fair_tag, time_of(request));
  }

  /// A request has left in a batch. What aged is served out of turn: it does not move virtual time, and costs
  /// its key nothing, which would otherwise have to wait while new ones catch up with it.
  void served(const waiting_request& request) noexcept {
    if (request.aged) return;
    const auto found = flows_.find({request.key, request.priority});
    if (found != flows_.end()) {
      flow& mine = found->second;
      mine.served = std::max(mine.served, request.fair_tag + span_of(request, mine));
    }
    time_of(request) = std::max(time_of(request), request.fair_tag);
  }

  /// Requests have left without being served, or have aged, which must not cost their keys anything: to be
  /// followed by a new tag() for each that still waits and has not aged, in order.
  void retract() noexcept {
    for (auto& [id, mine] : flows_) mine.end = mine.served;
  }

  /// Flows (a key and a priority) that are remembered.
  [[nodiscard]] std::size_t size() const noexcept { return flows_.size(); }

 private:
  struct flow_id {
    std::uint64_t key;
    std::int16_t priority;
    bool operator==(const flow_id&) const = default;
  };
  struct hash {
    std::size_t operator()(const flow_id& id) const noexcept {
      return std::hash<std::uint64_t>{}(id.key) ^ static_cast<std::size_t>(id.priority + 128) << 56U;
    }
  };
  struct flow {
    double weight = 1;
    double end = 0;     // of what has arrived
    double served = 0;  // end of what was served
  };

  using flow_map = std::unordered_map<flow_id, flow, hash>;

  flow_map::iterator remember(const waiting_request& like) {
    return flows_.emplace(flow_id{like.key, like.priority}, flow{.weight = weight_of(like.key)}).first;
  }

  /// Where a request has not been reserved for, as those who share its run have given it another priority.
  flow_map::iterator try_to_remember(const waiting_request& like) noexcept {
    try {
      return remember(like);
    } catch (...) {
      return flows_.end();
    }
  }

  /// Forgets who has nothing waiting. What it was served lies at most one request ahead of virtual time, so
  /// this is all that it is spared, and only among more than a thousand keys.
  void forget_idle() {
    std::erase_if(flows_, [](const auto& each) { return each.second.end == each.second.served; });
    forget_at_ = std::max(min_remembered, 2 * flows_.size());
  }

  [[nodiscard]] double weight_of(std::uint64_t key) const {
    const double weight = weight_ ? weight_(key) : 1.0;
    if (weight > 0 && weight < std::numeric_limits<double>::infinity()) return weight;
    throw std::invalid_argument("carpool::options::key_weight returned " + std::to_string(weight) +
                                " for key " + std::to_string(key) +
                                "; it must be a finite number, more than zero");
  }

  /// In virtual time; a user's work function may return anything, and the order must stay one.
  [[nodiscard]] static double span_of(const waiting_request& request, const flow& of) noexcept {
    return std::max(0.0, request.work) / of.weight;  // 0 if it is not a number
  }

  [[nodiscard]] double& time_of(const waiting_request& request) noexcept {
    return virtual_time_[static_cast<std::size_t>(request.priority + 128)];
  }

  static constexpr std::size_t min_remembered = 1024;

  weight_function weight_;
  flow_map flows_;
  std::array<double, 256> virtual_time_{};  // by priority
  std::size_t forget_at_ = min_remembered;
};

}  // namespace carpool::scheduling
