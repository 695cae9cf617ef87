// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/pending_operations.hpp>

#include <utility>

namespace carpool::execution {

class handler_run;

/// A pending operation as the shell sees it: it can be ended without knowing its handler, and belongs to
/// exactly one place (the queue, a batch, a completion_list) at a time.
class completion {
 public:
  /// Calls its handler and frees the operation, or the other way round. On the handler's executor only, in
  /// this run.
  virtual void invoke(handler_run& here) = 0;
  /// Frees the operation and its handler without calling it.
  virtual void destroy() noexcept = 0;
  /// The handler is called on an executor other than the batcher's: this is a foreign_completion.
  [[nodiscard]] bool foreign() const noexcept { return foreign_; }

 protected:
  completion() = default;
  completion(const completion&) = delete;
  completion& operator=(const completion&) = delete;
  ~completion() = default;

  bool foreign_ = false;

 private:
  friend class completion_list;
  completion* next_;  // in a completion_list
};

/// Operations whose outcome is settled, in order. Owns them: those never invoked are destroyed.
class completion_list {
 public:
  completion_list() = default;
  completion_list(completion_list&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)), any_foreign_(std::exchange(other.any_foreign_, false)) {
    end_ = first_ == nullptr ? &first_ : other.end_;
    other.end_ = &other.first_;
  }
  completion_list& operator=(completion_list&&) = delete;
  ~completion_list() {
    while (completion* operation = pop()) operation->destroy();
  }

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] completion* front() const noexcept { return first_; }
  /// Some of those that were pushed are foreign.
  [[nodiscard]] bool any_foreign() const noexcept { return any_foreign_; }

  void push(completion& operation) noexcept {
    operation.next_ = nullptr;
    *end_ = &operation;
    end_ = &operation.next_;
    any_foreign_ |= operation.foreign();
  }

  /// Takes over those of the other list, behind its own.
  void append(completion_list& other) noexcept {
    if (other.first_ == nullptr) return;
    *end_ = std::exchange(other.first_, nullptr);
    end_ = std::exchange(other.end_, &other.first_);
    any_foreign_ |= std::exchange(other.any_foreign_, false);
  }

  template <class Visit>
  void for_each(Visit visit) const {
    for (completion* each = first_; each != nullptr; each = each->next_) visit(*each);
  }

  /// Hands each operation, now the visitor's, to `visit`, in order. If it throws, the rest stays here.
  template <class Visit>
  void consume(Visit visit) {
    completion** const end = std::exchange(end_, &first_);
    for (completion* each = std::exchange(first_, nullptr); each != nullptr;) {
      completion& operation = *std::exchange(each, each->next_);
      try {
        visit(operation);
      } catch (...) {
        if (each != nullptr) {
          first_ = each;
          end_ = end;
        }
        throw;
      }
    }
  }

  /// The first operation, now the caller's; null when there is none.
  completion* pop() noexcept {
    completion* first = first_;
    if (first != nullptr && (first_ = first->next_) == nullptr) end_ = &first_;
    return first;
  }

 private:
  completion* first_ = nullptr;
  completion** end_ = &first_;  // where the next one goes
  bool any_foreign_ = false;
};

/// An operation that somebody may cancel by what sits in a slot. Each knows the other while both are there,
/// on the executor of the handler.
class cancellable {
 public:
  class link {
   public:
    explicit link(cancellable& operation) noexcept : operation_(&operation) { operation.link_ = this; }
    link(const link&) = delete;
    link& operator=(const link&) = delete;

    /// Null when it has ended.
    [[nodiscard]] cancellable* operation() const noexcept { return operation_; }

   protected:
    ~link() {
      if (operation_ != nullptr) operation_->link_ = nullptr;
    }

   private:
    friend class cancellable;
    cancellable* operation_;
  };

 protected:
  cancellable() = default;
  cancellable(const cancellable&) = delete;
  cancellable& operator=(const cancellable&) = delete;
  ~cancellable() { unlink(); }

  /// Nobody can cancel it from now on.
  void unlink() noexcept {
    if (link_ != nullptr) std::exchange(link_, nullptr)->operation_ = nullptr;
  }

 private:
  link* link_ = nullptr;
};

/// A completion with an executor of its own.
class foreign_completion : public completion, public pending_hook {
 public:
  /// The executor belongs to no thread in particular, as a system_executor and that of use_future: the
  /// handler may be called wherever nobody is in the middle of something.
  [[nodiscard]] bool runs_anywhere() const noexcept { return runs_anywhere_; }
  /// Calls the handler here; only if it runs anywhere.
  virtual void run_here() = 0;
  /// Both handlers may be called in one go.
  [[nodiscard]] virtual bool shares_executor_with(const foreign_completion& other) const noexcept = 0;
  /// Posts a run of `ready`, which starts with this operation, to this operation's executor. When there is
  /// no memory for that, they stay there.
  virtual void post(completion_list& ready) = 0;

 protected:
  ~foreign_completion() = default;

  bool runs_anywhere_ = false;

 private:
  template <class Executor>
  friend class executor_completion;
  /// Identifies the static type of the executor.
  [[nodiscard]] virtual const void* executor_type() const noexcept = 0;
};

}  // namespace carpool::execution
