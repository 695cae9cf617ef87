// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/action.hpp>
#include <carpool/scheduling/waiting_request.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace carpool::scheduling {

/// The waiting requests in order of arrival, in a ring that grows by doubling and never shrinks: no
/// allocation in steady state, and policies may look at any position. Taking from the front costs O(taken),
/// from elsewhere O(size).
class wait_queue {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] const waiting_request& operator[](std::size_t i) const noexcept { return ring_[index(i)]; }

  /// Makes the next push_backs up to this size unable to throw. Strong guarantee.
  void reserve(std::size_t wanted) {
    if (wanted > capacity_) grow(std::max({wanted, 2 * capacity_, std::size_t{16}}));
  }

  void push_back(const waiting_request& request) {
    reserve(size_ + 1);
    ring_[index(size_)] = request;
    ++size_;
  }

  /// Removes the requests at these positions and hands each to `take`, in order.
  template <class Take>
  void extract(positions which, Take take) {
    if (which.size() > 0 && which[0] == 0 &&
        which[which.size() - 1] == which.size() - 1) {  // a run at the front
      for (std::size_t i = 0; i < which.size(); ++i) take((*this)[i]);
      drop_front(which.size());
      return;
    }
    std::size_t next = 0;
    std::size_t at = 0;
    erase_if(
        [&](const waiting_request&) { return next < which.size() && which[next] == at++ && (++next, true); },
        take);
  }

  /// Removes the requests for which `leaves(request)` holds and hands each to `take`, in order.
  template <class Leaves, class Take>
  void erase_if(Leaves leaves, Take take) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      const waiting_request request = (*this)[i];
      if (leaves(request))
        take(request);
      else
        ring_[index(kept++)] = request;
    }
    size_ = kept;
  }

 private:
  [[nodiscard]] std::size_t index(std::size_t i) const noexcept {
    const std::size_t at = head_ + i;
    return at < capacity_ ? at : at - capacity_;
  }

  void grow(std::size_t wanted) {
    std::vector<waiting_request> larger(wanted);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = (*this)[i];
    ring_ = std::move(larger);
    capacity_ = wanted;
    head_ = 0;
  }

  void drop_front(std::size_t n) noexcept {
    head_ = index(n);
    size_ -= n;
  }

  std::vector<waiting_request> ring_;
  std::size_t capacity_ = 0;  // ring_.size(), which takes a division
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace carpool::scheduling
