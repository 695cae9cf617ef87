// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/completion.hpp>
#include <carpool/execution/handler_completion.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <utility>

namespace carpool::execution {

/// Somebody who waits until the batcher is drained.
class drain_waiter {
 public:
  /// Ends the wait; called exactly once.
  virtual void settle(boost::system::error_code why, completion_list& ready) noexcept = 0;
  /// As completion::destroy, for a wait that never ends.
  virtual void abandon() noexcept = 0;

 protected:
  ~drain_waiter() = default;

 private:
  friend class drain_list;
  drain_waiter* next_ = nullptr;
};

/// async_drain.
template <class Handler>
class drain_operation final : public handler_completion<drain_operation<Handler>, Handler>,
                              public drain_waiter {
 public:
  drain_operation(Handler&& handler, const home& own)
      : handler_completion<drain_operation, Handler>(std::move(handler), own) {}

  void settle(boost::system::error_code why, completion_list& ready) noexcept override {
    why_ = why;
    ready.push(*this);
  }
  void abandon() noexcept override { this->destroy(); }

  template <class Receiver>
  void deliver_to(Receiver&& receiver) {
    std::forward<Receiver>(receiver)(why_);
  }

 private:
  boost::system::error_code why_;
};

/// All who wait. Guarded by the engine's lock.
class drain_list {
 public:
  drain_list() = default;
  drain_list(const drain_list&) = delete;
  drain_list& operator=(const drain_list&) = delete;
  ~drain_list() {
    while (drain_waiter* waiter = pop()) waiter->abandon();
  }

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

  void push_back(drain_waiter& waiter) noexcept {
    drain_waiter** end = &first_;
    while (*end != nullptr) end = &(*end)->next_;
    *end = &waiter;
  }

  void settle_all(boost::system::error_code why, completion_list& ready) noexcept {
    while (drain_waiter* waiter = pop()) waiter->settle(why, ready);
  }

  /// Ends the wait of this one, if it still waits.
  void settle(drain_waiter& waiter, boost::system::error_code why, completion_list& ready) noexcept {
    for (drain_waiter** each = &first_; *each != nullptr; each = &(*each)->next_) {
      if (*each != &waiter) continue;
      *each = waiter.next_;
      return waiter.settle(why, ready);
    }
  }

 private:
  drain_waiter* pop() noexcept {
    drain_waiter* first = first_;
    if (first != nullptr) first_ = first->next_;
    return first;
  }

  drain_waiter* first_ = nullptr;
};

}  // namespace carpool::execution
