// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <type_traits>

namespace carpool::execution {

class pending_operations;

/// An operation's place in the list of its handler's context.
class pending_hook {
 public:
  using give_up = void (*)(void* owner, pending_hook& operation);

  [[nodiscard]] pending_operations* registered_with() const noexcept { return context_; }

 protected:
  pending_hook() = default;
  pending_hook(const pending_hook&) = delete;
  pending_hook& operator=(const pending_hook&) = delete;
  ~pending_hook() = default;

 private:
  friend class pending_operations;
  pending_operations* context_ = nullptr;
  pending_hook* before_;  // this and the rest while it is registered
  pending_hook* after_;
  void* owner_;
  give_up give_up_;
};

/// The operations whose handlers belong to an execution context other than the batcher's own, which may be
/// destroyed while they are pending. Its destruction gives them up: they leave the batcher and are posted to
/// the dying context, which destroys them with all else that was posted there. A service of that context.
///
/// The lock is recursive, because giving up an operation leads to its being handed over in the same call.
class pending_operations final : public boost::asio::execution_context::service {
 public:
  using key_type = pending_operations;
  static inline boost::asio::execution_context::id id;

  explicit pending_operations(boost::asio::execution_context& context) : service(context) {}

  /// Registers an operation, until it is handed over or removed; `give_up(owner, operation)` makes its owner
  /// end it soon.
  void add(pending_hook& operation, void* owner, pending_hook::give_up give_up) {
    const std::lock_guard lock(mutex_);
    operation.owner_ = owner;
    operation.give_up_ = give_up;
    enter(operation);
  }

  /// Removes operations from the list while `post` hands them to their executor: their context stays alive
  /// meanwhile. `for_each_of_them` visits their hooks. Those that `post` does not get rid of stay in the
  /// list; there is no time for that if it is told that the context is ending.
  template <class Visit, class Post>
  void hand_over(Visit for_each_of_them, Post post) {
    const std::lock_guard lock(mutex_);
    for_each_of_them([this](pending_hook& operation) { leave(operation); });
    post(ending_);
    for_each_of_them([this](pending_hook& operation) { enter(operation); });
    if (count_ == 0) none_left_.notify_all();
  }

  /// Removes an operation that is not to be completed.
  void remove(pending_hook& operation) {
    const std::lock_guard lock(mutex_);
    leave(operation);
    if (count_ == 0) none_left_.notify_all();
  }

 private:
  void shutdown() override {
    std::unique_lock lock(mutex_);
    ending_ = true;
    while (pending_hook* operation = first_) {
      unlink(*operation);
      operation->give_up_(operation->owner_, *operation);
    }
    none_left_.wait(lock, [this] { return count_ == 0; });  // those that a lane is delivering right now
  }

  void enter(pending_hook& operation) noexcept {
    operation.context_ = this;
    operation.before_ = nullptr;
    operation.after_ = first_;
    if (first_ != nullptr) first_->before_ = &operation;
    first_ = &operation;
    ++count_;
  }
  void leave(pending_hook& operation) noexcept {
    unlink(operation);
    operation.context_ = nullptr;
    --count_;
  }
  void unlink(pending_hook& operation) noexcept {
    if (first_ == &operation) first_ = operation.after_;
    if (operation.before_ != nullptr) operation.before_->after_ = operation.after_;
    if (operation.after_ != nullptr) operation.after_->before_ = operation.before_;
    operation.before_ = operation.after_ = nullptr;
  }

  std::recursive_mutex mutex_;
  std::condition_variable_any none_left_;
  pending_hook* first_ = nullptr;
  std::size_t count_ = 0;
  bool ending_ = false;
};

/// The context that an executor belongs to; null for one that does not tell.
template <class Executor>
[[nodiscard]] boost::asio::execution_context* context_of(const Executor& executor) noexcept {
  using boost::asio::execution::context_t;
  if constexpr (boost::asio::can_query<const Executor&, context_t>::value) {
    if constexpr (std::is_convertible_v<typename boost::asio::query_result<const Executor&, context_t>::type,
                                        boost::asio::execution_context&>)
      return &static_cast<boost::asio::execution_context&>(
          boost::asio::query(executor, boost::asio::execution::context));
  }
  return nullptr;
}

}  // namespace carpool::execution
