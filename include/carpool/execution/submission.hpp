// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/completion.hpp>
#include <carpool/execution/news.hpp>
#include <carpool/scheduling/admission.hpp>
#include <carpool/scheduling/waiting_request.hpp>

#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace carpool::execution {

/// A request as the shell sees it; the scheduler's handles point to these.
class pending_request {
 public:
  /// The only request of this operation.
  explicit pending_request(completion& operation) noexcept : operation_(operation) {}
  /// One of several; `unsettled` counts them down.
  pending_request(completion& operation, std::atomic<std::size_t>& unsettled) noexcept
      : operation_(operation), unsettled_(&unsettled) {}
  pending_request(const pending_request&) = delete;
  pending_request& operator=(const pending_request&) = delete;

  /// The next one of the same operation.
  void set_sibling(pending_request& next) noexcept { sibling_ = &next; }

  double work = 1;                         ///< in the user's unit
  std::unique_ptr<request_record> record;  ///< for the observer, if there is one

  /// Ends the request without a result; an operation that is complete by this is added to `ready`. A request
  /// ends exactly once.
  void fail(boost::system::error_code why, completion_list& ready) noexcept {
    error_ = why;
    end(ready);
  }

 protected:
  ~pending_request() = default;

  // Lanes end the requests of one operation side by side; the last one sees what all of them wrote.
  void end(completion_list& ready) noexcept {
    if (unsettled_ == nullptr || unsettled_->fetch_sub(1, std::memory_order_acq_rel) == 1)
      ready.push(operation_);
  }

  boost::system::error_code error_;

 private:
  friend class submission;
  friend class request_list;
  completion& operation_;
  std::atomic<std::size_t>* const unsettled_ = nullptr;
  pending_request* sibling_ = nullptr;  // the next one of the same submission
  pending_request* next_;               // in a request_list
  std::size_t position_;                // there
};

/// Requests with a position each, in order of positions.
class request_list {
 public:
  request_list() = default;
  request_list(const request_list&) = delete;
  request_list& operator=(const request_list&) = delete;

  void push(pending_request& request, std::size_t position) noexcept {
    request.position_ = position;
    request.next_ = nullptr;
    *end_ = &request;
    end_ = &request.next_;
  }

  /// Empties the list and hands every request to `visit`, which may end it, with its position and whether the
  /// next one has the same position.
  template <class Visit>
  void take(Visit visit) {
    end_ = &first_;
    for (pending_request* each = std::exchange(first_, nullptr); each != nullptr;) {
      pending_request& one = *std::exchange(each, each->next_);
      visit(one, one.position_, each != nullptr && each->position_ == one.position_);
    }
  }

 private:
  pending_request* first_ = nullptr;
  pending_request** end_ = &first_;  // where the next one goes
};

/// The requests of one operation on their way into the queue: all are admitted, or none.
class submission {
 public:
  /// `first` and its siblings.
  submission(const scheduling::waiting_request& each, pending_request& first, std::size_t count) noexcept
      : facts(each), first_(&first), count_(count) {}
  submission(const submission&) = delete;
  submission& operator=(const submission&) = delete;

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] submission* next() const noexcept { return next_; }

  template <class Visit>
  void for_each(Visit visit) {
    pending_request* each = first_;
    do visit(*each);
    while ((each = each->sibling_) != nullptr);
  }

  /// What they ask for together.
  [[nodiscard]] scheduling::demand demand() const noexcept {
    if (count_ == 1) return {.key = facts.key, .work = first_->work, .heaviest = first_->work};
    scheduling::demand asked{.key = facts.key};
    for (const auto* each = first_; each != nullptr; each = each->sibling_) asked.add(each->work);
    return asked;
  }

  scheduling::waiting_request facts;  ///< of each of them, but for the handle

 protected:
  ~submission() = default;

 private:
  friend class inbox;
  pending_request* first_;
  std::size_t count_;
  submission* next_;  // in the inbox
};

/// Where submissions wait for the next event. Anybody may push; whoever holds the batcher's lock takes them
/// all. It is *watched* while somebody is going to take them anyway, because lanes are awake; whether that is
/// so is kept in the same word as the list, so that nobody can push in the belief that it is when it has
/// ended.
class inbox {
 public:
  /// Whoever pushes will look himself.
  void push(submission& one) noexcept {
    std::uintptr_t seen = word_.load(std::memory_order_relaxed);
    while (!push(one, seen)) {
    }
  }

  /// Pushes if the inbox is watched.
  [[nodiscard]] bool push_if_watched(submission& one) noexcept {
    std::uintptr_t seen = word_.load(std::memory_order_relaxed);
    while ((seen & unwatched) == 0)
      if (push(one, seen)) return true;
    return false;
  }

  /// May be wrong about what is being pushed.
  [[nodiscard]] bool empty() const noexcept {
    return (word_.load(std::memory_order_relaxed) & ~unwatched) == 0;
  }

  /// Takes everything, in the order in which it was pushed; a chain by next(). From now on it is watched.
  [[nodiscard]] submission* take() noexcept {
    submission* first = nullptr;
    for (submission* each = newest(word_.exchange(0, std::memory_order_acquire)); each != nullptr;)
      each = std::exchange(each->next_, std::exchange(first, each));
    return first;
  }

  /// Nobody watches it any more. False, and somebody has to, if there is something in it.
  [[nodiscard]] bool leave() noexcept {
    std::uintptr_t seen = 0;
    return word_.compare_exchange_strong(seen, unwatched, std::memory_order_relaxed) ||
           (seen & unwatched) != 0;
  }

 private:
  static constexpr std::uintptr_t unwatched = 1;  // submissions are aligned, so this bit is free
  static_assert(alignof(submission) > unwatched);

  [[nodiscard]] static submission* newest(std::uintptr_t word) noexcept {
    return reinterpret_cast<submission*>(word & ~unwatched);
  }

  [[nodiscard]] bool push(submission& one, std::uintptr_t& seen) noexcept {
    one.next_ = newest(seen);
    return word_.compare_exchange_weak(seen, reinterpret_cast<std::uintptr_t>(&one) | (seen & unwatched),
                                       std::memory_order_release, std::memory_order_relaxed);
  }

  std::atomic<std::uintptr_t> word_ = unwatched;  // the newest submission, and whether nobody watches
};

}  // namespace carpool::execution
