// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/completion.hpp>
#include <carpool/options.hpp>
#include <carpool/scheduling/admission.hpp>
#include <carpool/scheduling/waiting_request.hpp>
#include <carpool/time.hpp>

#include <boost/config.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace carpool::execution {

/// When a request arrived, and until when it waits for what. Both ends count from time_point{} until it has
/// arrived: those that handlers submit in one go do so together, when a batcher looks.
struct request_times {
  time_point arrival{};
  time_point deadline = never;
  time_point leave_by = never;
};

class pending_request;
struct request_record;

/// The requests of one operation on their way into the queue: all are admitted, or none. Known by the first
/// of them.
class submission {
 public:
  submission(const submission&) = delete;
  submission& operator=(const submission&) = delete;

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] submission* next() const noexcept { return next_; }

  [[nodiscard]] pending_request& first() noexcept;

  /// What the scheduler has to know of each, but for handle and work.
  [[nodiscard]] const scheduling::waiting_request& facts() const noexcept;

  template <class Visit>
  void for_each(Visit visit);

  void arrive(time_point now) noexcept;

  /// What they ask for together.
  [[nodiscard]] scheduling::demand demand() noexcept;

 protected:
  explicit submission(completion& operation) noexcept : operation_(operation) {}
  ~submission() = default;

 private:
  friend class inbox;
  friend class request_list;
  friend class submission_chain;
  submission* next_;        // in a chain, the inbox or a request_list: it is in one place at a time
  std::uint32_t position_;  // in a request_list

 protected:
  std::uint32_t count_ = 1;  // 0: another one stands for this one
  completion& operation_;
};

/// A request as the shell sees it; the scheduler's handles point to these. Kept small: it travels from CPU to
/// CPU.
class pending_request : public submission {
 public:
  /// A request of this operation: the only one, or one of several that `unsettled` counts down.
  pending_request(const request_times& when, const submit_options& asked, completion& operation,
                  std::atomic<std::size_t>& unsettled) noexcept
      : pending_request(when, asked, operation) {
    count_ = 0;
    unsettled_ = &unsettled;
  }
  pending_request(const request_times& when, const submit_options& asked, completion& operation) noexcept
      : submission(operation),
        facts{.arrival = when.arrival,
              .deadline = when.deadline,
              .leave_by = when.leave_by,
              .key = asked.key,
              .handle = this,
              .priority = asked.priority} {}

  /// The first one of several stands for all of them; each but the last has the next one for a sibling.
  void stand_for(std::size_t count) noexcept { count_ = static_cast<std::uint32_t>(count); }
  void set_sibling(pending_request& next) noexcept { sibling_ = &next; }

  scheduling::waiting_request facts;  ///< what the scheduler has to know
  request_record* record = nullptr;   ///< for the observer, if there is one; who ends the request takes it

  /// It arrives now, if it has not done so before.
  BOOST_FORCEINLINE void arrive(time_point now) noexcept {
    if (facts.arrival != time_point{}) return;
    const auto counted_from_now = [now, longest = never - now](time_point given) {
      const duration after = given.time_since_epoch();
      return after < longest ? now + after : never;
    };
    const time_point deadline = counted_from_now(facts.deadline);
    facts.arrival = now;  // with the next one in one go: the copy into the queue would have to wait for two
    facts.deadline = deadline;
    if (facts.leave_by != never) facts.leave_by = counted_from_now(facts.leave_by);
  }

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
    if (count_ == 1 || unsettled_->fetch_sub(1, std::memory_order_acq_rel) == 1) ready.push(operation_);
  }

  union {
    boost::system::error_code error_;  // once it has ended without a result
  };

 private:
  friend class submission;
  std::atomic<std::size_t>* unsettled_;  // if there are several; and then
  pending_request* sibling_;             // the next one
};

inline pending_request& submission::first() noexcept { return static_cast<pending_request&>(*this); }

inline const scheduling::waiting_request& submission::facts() const noexcept {
  return static_cast<const pending_request&>(*this).facts;
}

template <class Visit>
void submission::for_each(Visit visit) {
  pending_request* each = &first();
  for (std::size_t left = count_;; each = each->sibling_) {
    visit(*each);
    if (--left == 0) break;
  }
}

inline void submission::arrive(time_point now) noexcept {
  for_each([now](pending_request& each) { each.arrive(now); });
}

inline scheduling::demand submission::demand() noexcept {
  scheduling::demand asked{.key = facts().key};
  for_each([&asked](const pending_request& each) { asked.add(each.facts.work); });
  return asked;
}

/// Requests with a position each, in the order in which they were pushed.
class request_list {
 public:
  request_list() = default;
  request_list(const request_list&) = delete;
  request_list& operator=(const request_list&) = delete;

  void push(pending_request& request, std::size_t position) noexcept {
    request.position_ = static_cast<std::uint32_t>(position);
    request.next_ = nullptr;
    *end_ = &request;
    end_ = &request.next_;
  }

  /// Empties the list and hands every request to `visit`, which may end it, with its position.
  template <class Visit>
  void take(Visit visit) {
    end_ = &first_;
    for (submission* each = std::exchange(first_, nullptr); each != nullptr;) {
      auto& one = static_cast<pending_request&>(*std::exchange(each, each->next_));
      visit(one, one.position_);
    }
  }

 private:
  submission* first_ = nullptr;
  submission** end_ = &first_;  // where the next one goes
};

/// Submissions in order, for one thread.
class submission_chain {
 public:
  submission_chain() = default;
  submission_chain(const submission_chain&) = delete;
  submission_chain& operator=(const submission_chain&) = delete;

  void push(submission& one) noexcept {
    *end_ = &one;
    end_ = &one.next_;
  }

  /// Takes everything, as inbox::take().
  [[nodiscard]] submission* take() noexcept {
    *std::exchange(end_, &first_) = nullptr;
    return std::exchange(first_, nullptr);
  }

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

 private:
  submission* first_ = nullptr;
  submission** end_ = &first_;  // where the next one goes
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
