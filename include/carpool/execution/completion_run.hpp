// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// How settled operations get to their executors, and what happens there.

#pragma once

#include <carpool/execution/completion.hpp>
#include <carpool/execution/handler_run.hpp>
#include <carpool/execution/pending_operations.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace carpool::execution {

/// Marks that this thread posts operations. Executors do not give back what they have no memory for, they
/// drop it: then they go back to where they came from. Null: it calls handlers, and what is dropped meanwhile
/// ends there and then, because its context may be ending.
class run_being_posted {
 public:
  explicit run_being_posted(completion_list* came_from) noexcept
      : came_from_(came_from), outer_(std::exchange(innermost, this)) {}
  run_being_posted(const run_being_posted&) = delete;
  run_being_posted& operator=(const run_being_posted&) = delete;
  ~run_being_posted() { innermost = outer_; }

  static void dropped(completion_list& operations) noexcept {
    if (innermost != nullptr && innermost->came_from_ != nullptr) innermost->came_from_->append(operations);
  }

 private:
  static inline thread_local run_being_posted* innermost = nullptr;

  completion_list* const came_from_;
  run_being_posted* const outer_;
};

/// An operation on its way to an executor that may call it at once.
class lone_call {
 public:
  explicit lone_call(completion& operation) noexcept { alone_.push(operation); }
  lone_call(lone_call&&) noexcept = default;
  lone_call& operator=(lone_call&&) = delete;
  ~lone_call() {
    if (!alone_.empty()) run_being_posted::dropped(alone_);
  }

  void operator()() {
    const run_being_posted others(nullptr);  // what the handler drops is no concern of who posts this one
    handler_run here(nullptr);               // there are no others that what it submits could wait for
    alone_.consume([&here](completion& operation) { operation.invoke(here); });
  }

 private:
  completion_list alone_;
};

/// Lets this executor call the handler, at once or later. False: it has no memory for that.
template <class Executor>
[[nodiscard]] bool execute_on(const Executor& executor, completion& operation) {
  completion_list back;
  try {
    const run_being_posted mark(&back);
    executor.execute(lone_call(operation));
  } catch (const std::bad_alloc&) {
    if (back.pop() == &operation) return false;
    throw;  // the handler has
  }
  return true;
}

/// Calls the handlers of a list on the executor that they share. A handler that throws does not cost the
/// others their turn: they are posted again before the exception goes to whoever runs the executor, or called
/// before that when there is no memory to post them.
template <class Executor>
class completion_run {
 public:
  /// Posts a run of `ready`. When there is no memory for that, they stay there. `idle`: the batcher, if it
  /// has to look at the end whatever the handlers do.
  static void post(completion_list& ready, const Executor& executor, std::weak_ptr<looker> idle = {}) {
    try {
      const run_being_posted mark(&ready);
      boost::asio::post(executor, completion_run(ready, executor, std::move(idle)));
    } catch (const std::bad_alloc&) {
      return;
    }
    const completion_list dropped(std::move(ready));  // by an executor that takes nothing any more
  }

  completion_run(completion_run&&) noexcept = default;
  completion_run& operator=(completion_run&&) = delete;
  ~completion_run() {
    if (!ready_.empty()) run_being_posted::dropped(ready_);
  }

  void operator()() {
    handler_run here(context_of(executor_));
    try {
      ready_.consume([&here](completion& operation) { operation.invoke(here); });
    } catch (...) {
      if (!ready_.empty()) post(ready_, executor_, idle_);
      here.finish(idle_.lock());
      if (!ready_.empty()) (*this)();
      throw;
    }
    here.finish(idle_.lock());
  }

 private:
  completion_run(completion_list& ready, const Executor& executor, std::weak_ptr<looker> idle) noexcept
      : ready_(std::move(ready)), executor_(executor), idle_(std::move(idle)) {}

  completion_list ready_;
  Executor executor_;
  std::weak_ptr<looker> idle_;
};

/// Posts foreign completions, those of one executor together. Lists with very many executors are not searched
/// to the end. Those for which there is no memory go to `unposted`.
class foreign_groups {
 public:
  explicit foreign_groups(completion_list& unposted) noexcept : unposted_(unposted) {}

  void push(foreign_completion& operation) {
    std::size_t at = 0;
    while (at < most_open && !open_[at].empty() && !front(open_[at]).shares_executor_with(operation)) ++at;
    if (at == most_open) flush(open_[at = opened_++ % most_open]);
    open_[at].push(operation);
  }

  void flush() {
    for (completion_list& group : open_) flush(group);
  }

 private:
  static constexpr std::size_t most_open = 8;

  static foreign_completion& front(const completion_list& group) noexcept {
    return static_cast<foreign_completion&>(*group.front());
  }
  void flush(completion_list& group) {
    if (group.empty()) return;
    front(group).post(group);
    unposted_.append(group);
  }

  completion_list& unposted_;
  std::array<completion_list, most_open> open_;
  std::size_t opened_ = 0;
};

/// Calls `post(executor)` with the executor of Asio's own contexts where `executor` is one, which is cheaper
/// and minds the allocator of what it is given, else with `executor` itself.
template <class Post>
void unwrapped(const boost::asio::any_io_executor& executor, Post post) {
  if (const auto* io = executor.target<boost::asio::io_context::executor_type>())
    post(*io);
  else if (const auto* pool = executor.target<boost::asio::thread_pool::executor_type>())
    post(*pool);
  else
    post(executor);
}

/// Posts every operation of the list to its executor, `own` (the batcher's) or a foreign one, those of one
/// executor together: one post per batch and executor is what makes a batch cheap to deliver. Those that run
/// anywhere are added to `here` instead, if it is given. `idle`, if any, looks behind those of the batcher's
/// executor. What there is no memory for stays in `ready`.
inline void post_all(completion_list& ready, const boost::asio::any_io_executor& own,
                     completion_list* here = nullptr, std::weak_ptr<looker> idle = {}) {
  const auto post = [&](completion_list& group) {
    if (group.empty()) return;
    unwrapped(own, [&]<class Executor>(const Executor& executor) {
      completion_run<Executor>::post(group, executor, std::move(idle));
    });
  };
  if (!ready.any_foreign()) return post(ready);
  completion_list all(std::move(ready));
  completion_list at_home;
  foreign_groups foreign(ready);
  while (completion* operation = all.pop()) {
    if (!operation->foreign())
      at_home.push(*operation);
    else if (auto& other = static_cast<foreign_completion&>(*operation);
             here != nullptr && other.runs_anywhere())
      here->push(other);
    else
      foreign.push(other);
  }
  post(at_home);
  ready.append(at_home);
  foreign.flush();
}

/// Calls the handlers of operations that run anywhere.
inline void run_all_here(completion_list ready) {
  while (completion* operation = ready.pop()) static_cast<foreign_completion&>(*operation).run_here();
}

}  // namespace carpool::execution
