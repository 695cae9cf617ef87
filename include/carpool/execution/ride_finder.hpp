// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/request.hpp>
#include <carpool/execution/submission.hpp>
#include <carpool/scheduling/rides.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <utility>

namespace carpool::execution {

/// Tells which requests share a run: those of the same ride. Under the lock.
class ride_finder {
 public:
  virtual ~ride_finder() = default;
  /// The ride for a request that is admitted next; 0, nobody's, if memory is too short or the user's
  /// functions throw.
  [[nodiscard]] virtual std::uint32_t ride_of(const pending_request& request,
                                              const scheduling::rides& rides) noexcept = 0;
};

/// By equal inputs, which it copies: those of requests are moved into batches.
template <class In, class Out, class Hash, class Equal>
class input_table final : public ride_finder {
 public:
  input_table(Hash hash, Equal equal) : known_(0, std::move(hash), std::move(equal)) {}

  [[nodiscard]] std::uint32_t ride_of(const pending_request& asking,
                                      const scheduling::rides& rides) noexcept override {
    const In& input = static_cast<const request<In, Out>&>(asking).input;
    try {
      if (known_.size() > 2 * rides.size() + spare) forget_ended(rides);
      if (newest_ == std::numeric_limits<std::uint32_t>::max()) start_again();
      std::uint32_t& ride = known_.try_emplace(input, 0).first->second;
      if (!rides.open(ride)) ride = next_ride(rides);
      return ride;
    } catch (...) {
      return 0;
    }
  }

  /// Inputs that are remembered: after each request at most twice those that are here, and a few.
  [[nodiscard]] std::size_t size() const noexcept { return known_.size(); }

 private:
  void forget_ended(const scheduling::rides& rides) {
    std::erase_if(known_, [&](const auto& each) { return !rides.open(each.second); });
  }

  /// No number is known to two inputs.
  void start_again() noexcept {
    known_.clear();
    newest_ = 0;
  }

  [[nodiscard]] std::uint32_t next_ride(const scheduling::rides& rides) noexcept {
    do ++newest_;
    while (rides.contains(newest_));
    return newest_;
  }

  static constexpr std::size_t spare = 16;

  std::unordered_map<In, std::uint32_t, Hash, Equal> known_;  // the last ride of each input
  std::uint32_t newest_ = 0;
};

}  // namespace carpool::execution
