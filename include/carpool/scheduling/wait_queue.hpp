// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/action.hpp>
#include <carpool/scheduling/service_order.hpp>
#include <carpool/scheduling/waiting_request.hpp>
#include <carpool/time.hpp>

#include <boost/config.hpp>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace carpool::scheduling {

/// The waiting requests in service order, in a ring that grows by doubling and never shrinks: no allocation
/// in steady state, and policies may look at any position. Joining costs one comparison at the back, else
/// O(log size) comparisons and moving the shorter side; taking from the front O(taken), from elsewhere
/// O(size).
class wait_queue {
 public:
  wait_queue() = default;
  wait_queue(wait_queue&&) = default;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] const waiting_request& operator[](std::size_t i) const noexcept { return ring_[index(i)]; }

  /// The earliest arrival and the earliest leave_by among them; `never` when empty. O(1), but for the first
  /// question after a removal where arrivals do not ascend, or somebody has a leave_by.
  [[nodiscard]] time_point oldest_arrival() const noexcept {
    if (size_ > 0 && arrivals_ascend_) return (*this)[0].arrival;
    return of_all(oldest_, &waiting_request::arrival);
  }
  [[nodiscard]] time_point leave_by() const noexcept { return of_all(leave_by_, &waiting_request::leave_by); }

  /// No deadline comes before one of a request in front of it; false says nothing. True where all have the
  /// same time limit.
  [[nodiscard]] bool deadlines_ascend() const noexcept { return deadlines_ascend_; }

  /// None arrived before one in front of it; false says nothing. True where all ask for the same.
  [[nodiscard]] bool arrivals_ascend() const noexcept { return arrivals_ascend_; }

  /// The size up to which nothing has to be reserved.
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  /// Makes the next inserts up to this size unable to throw. Strong guarantee.
  void reserve(std::size_t wanted) {
    if (wanted > capacity_) [[unlikely]]
      grow(wanted);
  }

  /// Gives a request its place, behind its equals; reserve() has made room. False: others, that came before,
  /// are served after it.
  bool insert(const waiting_request& request) noexcept {
    if (last_ != nullptr && (request.fair_tag < last_->fair_tag || request.aged)) return find_place(request);
    return insert_untagged(request);
  }

  /// The same for a new one where it has the fair tag of all others.
  BOOST_FORCEINLINE bool insert_untagged(const waiting_request& request) noexcept {
    assert(size_ < capacity_);
    if (last_ == nullptr || !plainly_after(*last_, request)) [[unlikely]]
      return find_place(request);
    if (++last_ == end_) [[unlikely]]
      last_ = ring_.data();
    *last_ = request;
    ++size_;
    leave_by_.join(request.leave_by);
    return true;
  }

  /// Gives a request that has been here its place back, in front of its equals; reserve() has made room.
  void put_back(const waiting_request& request) noexcept {
    assert(size_ < capacity_);
    insert_at(place_where([&](const waiting_request& other) { return !served_before(other, request); }),
              request);
  }

  /// Removes the requests at these positions and hands them to `take`, in order: spans of them, as long as
  /// they lie side by side.
  template <class Take>
  void extract(positions which, Take take) {
    if (which.size() > 0 && which[0] == 0 &&
        which[which.size() - 1] == which.size() - 1) {  // a run at the front
      const std::size_t first = std::min(which.size(), capacity_ - head_);
      take(std::span<const waiting_request>(ring_.data() + head_, first));
      if (first < which.size()) take(std::span<const waiting_request>(ring_.data(), which.size() - first));
      head_ = index(which.size());
      return shrink(size_ - which.size());
    }
    std::size_t next = 0;
    std::size_t at = 0;
    erase_if(
        [&](const waiting_request&) { return next < which.size() && which[next] == at++ && (++next, true); },
        [&](const waiting_request& request) { take(std::span(&request, 1)); });
  }

  /// Removes the requests for which `leaves(request)` holds and hands each to `take`, in order.
  template <class Leaves, class Take>
  void erase_if(Leaves leaves, Take take) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      const waiting_request& request = (*this)[i];
      if (leaves(request)) {
        take(request);
        continue;
      }
      if (kept < i) ring_[index(kept)] = request;
      ++kept;
    }
    if (kept < size_) shrink(kept);
  }

  /// Lets `change(request)` touch what the order depends on, for all of them in order, and then restores it.
  template <class Change>
  void reorder(Change change) {
    std::rotate(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(head_), ring_.end());
    head_ = 0;
    resize(size_);
    const auto last = ring_.begin() + static_cast<std::ptrdiff_t>(size_);
    std::for_each(ring_.begin(), last, change);
    if (!std::is_sorted(ring_.begin(), last, served_before))
      std::stable_sort(ring_.begin(), last, served_before);
    const auto earlier = [](const waiting_request& a, const waiting_request& b) {
      return a.deadline < b.deadline;
    };
    deadlines_ascend_ = std::is_sorted(ring_.begin(), last, earlier);
    arrivals_ascend_ = false;
  }

 private:
  BOOST_NOINLINE bool find_place(const waiting_request& request) noexcept {
    return insert_at(place_where([&](const waiting_request& other) { return served_before(request, other); }),
                     request);
  }

  bool insert_at(std::size_t place, const waiting_request& request) noexcept {
    oldest_.join(request.arrival);
    leave_by_.join(request.leave_by);
    deadlines_ascend_ &= (place == 0 || (*this)[place - 1].deadline <= request.deadline) &&
                         (place == size_ || request.deadline <= (*this)[place].deadline);
    const bool last = place == size_;
    arrivals_ascend_ &= last && (place == 0 || (*this)[place - 1].arrival <= request.arrival);
    if (!last) make_room(place);
    ring_[index(place)] = request;
    resize(size_ + 1);
    return last;
  }

  /// The smallest of a time that every request has: exact, or a lower bound once requests have left.
  struct smallest {
    time_point bound = never;
    bool exact = true;
    void join(time_point time) noexcept {
      if (time < bound) bound = time;
    }
  };

  [[nodiscard]] time_point of_all(smallest& known, time_point waiting_request::*time) const noexcept {
    if (!known.exact && known.bound != never) [[unlikely]] {
      known = {};
      for (std::size_t i = 0; i < size_; ++i) known.join((*this)[i].*time);
    }
    return known.bound;
  }

  void grow(std::size_t wanted) {
    std::vector<waiting_request> larger(std::bit_ceil(std::max(wanted, std::size_t{16})));
    for (std::size_t i = 0; i < size_; ++i) larger[i] = (*this)[i];
    ring_ = std::move(larger);
    capacity_ = ring_.size();
    end_ = ring_.data() + capacity_;
    head_ = 0;
    resize(size_);
  }

  void resize(std::size_t size) noexcept {
    size_ = size;
    last_ = size == 0 ? nullptr : &ring_[index(size - 1)];
  }

  [[nodiscard]] std::size_t index(std::size_t i) const noexcept { return (head_ + i) & (capacity_ - 1); }

  /// The first position where `comes_later` holds, which does for all behind it.
  template <class Later>
  [[nodiscard]] std::size_t place_where(Later comes_later) const noexcept {
    std::size_t first = 0;
    for (std::size_t last = size_; first < last;) {
      const std::size_t middle = (first + last) / 2;
      if (comes_later((*this)[middle]))
        last = middle;
      else
        first = middle + 1;
    }
    return first;
  }

  /// Makes a gap at this position.
  void make_room(std::size_t place) noexcept {
    if (place < size_ / 2) {
      head_ = index(capacity_ - 1);
      for (std::size_t i = 0; i < place; ++i) ring_[index(i)] = (*this)[i + 1];
    } else {
      for (std::size_t i = size_; i > place; --i) ring_[index(i)] = (*this)[i - 1];
    }
  }

  void shrink(std::size_t size) noexcept {
    resize(size);
    oldest_.exact = leave_by_.exact = false;
    if (size > 0) return;
    oldest_ = leave_by_ = {};
    deadlines_ascend_ = arrivals_ascend_ = true;
  }

  std::vector<waiting_request> ring_;
  std::size_t capacity_ = 0;  // of the ring, a power of two
  std::size_t head_ = 0;
  std::size_t size_ = 0;
  waiting_request* last_ = nullptr;       // of those in it
  const waiting_request* end_ = nullptr;  // of the ring
  bool deadlines_ascend_ = true;
  bool arrivals_ascend_ = true;
  mutable smallest oldest_;
  mutable smallest leave_by_;
};

}  // namespace carpool::scheduling
