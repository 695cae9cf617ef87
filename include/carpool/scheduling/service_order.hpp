// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Who is served before whom. A property of the queue: every policy, also a user's, finds the waiting requests
// in this order.

#pragma once

#include <carpool/scheduling/waiting_request.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <chrono>

namespace carpool::scheduling {

/// A request counts as due this long after its arrival at the latest. So one without a deadline is overtaken
/// by requests with one, but by none that arrived more than this later.
inline constexpr duration patience = std::chrono::seconds{1};

[[nodiscard]] constexpr time_point due(const waiting_request& request) noexcept {
  return std::min(request.deadline, saturating_add(request.arrival, patience));
}

/// Aged requests first, then the higher priority, then the smaller fair tag, then who is due first; of equals
/// who came first. Earliest deadline first serves all in time if any order can (Liu and Layland, 1973), and
/// is first come, first served where everybody has the same time.
[[nodiscard]] constexpr bool served_before(const waiting_request& a, const waiting_request& b) noexcept {
  if (a.aged || b.aged) return a.aged && (!b.aged || due(a) < due(b));
  if (a.priority != b.priority) return a.priority > b.priority;
  if (a.fair_tag != b.fair_tag) return a.fair_tag < b.fair_tag;
  return due(a) < due(b);
}

/// Tells at a glance that a new request is not served before `last`, the last of a queue; false says nothing.
/// True if both ask for the same and came one after the other; and have the same fair tag.
[[nodiscard]] constexpr bool plainly_after(const waiting_request& last,
                                           const waiting_request& request) noexcept {
  return request.arrival >= last.arrival && request.deadline >= last.deadline &&
         request.priority <= last.priority;
}

}  // namespace carpool::scheduling
