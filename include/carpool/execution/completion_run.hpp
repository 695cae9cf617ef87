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

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

namespace carpool::execution {

/// Calls the handlers of a list on the executor that they share. A handler that throws does not cost the
/// others their turn: they are posted again before the exception goes to whoever runs the executor.
template <class Executor>
class completion_run {
 public:
  /// `idle`: the batcher, if it has to look at the end whatever the handlers do.
  completion_run(completion_list ready, const Executor& executor, std::weak_ptr<looker> idle = {}) noexcept
      : ready_(std::move(ready)), executor_(executor), idle_(std::move(idle)) {}

  void operator()() {
    handler_run here(context_of(executor_));
    try {
      ready_.consume([&here](completion& operation) { operation.invoke(here); });
    } catch (...) {
      if (!ready_.empty())
        boost::asio::post(executor_, completion_run(std::move(ready_), executor_, std::move(idle_)));
      here.finish(idle_.lock());
      throw;
    }
    here.finish(idle_.lock());
  }

 private:
  completion_list ready_;
  Executor executor_;
  std::weak_ptr<looker> idle_;
};

/// Posts foreign completions, those of one executor together. Lists with very many executors are not searched
/// to the end.
class foreign_groups {
 public:
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
  static void flush(completion_list& group) {
    if (!group.empty()) front(group).post(std::move(group));
  }

  std::array<completion_list, most_open> open_;
  std::size_t opened_ = 0;
};

/// Calls `post(executor)` with the io_context's own executor where `executor` is that, which is cheaper, else
/// with `executor` itself.
template <class Post>
void unwrapped(const boost::asio::any_io_executor& executor, Post post) {
  if (const auto* io = executor.target<boost::asio::io_context::executor_type>())
    post(*io);
  else
    post(executor);
}

/// Posts every operation of the list to its executor, `own` (the batcher's) or a foreign one, those of one
/// executor together: one post per batch and executor is what makes a batch cheap to deliver. Those that run
/// anywhere are added to `here` instead, if it is given. `idle`, if any, looks behind those of the batcher's
/// executor.
inline void post_all(completion_list ready, const boost::asio::any_io_executor& own,
                     completion_list* here = nullptr, std::weak_ptr<looker> idle = {}) {
  const auto post = [&](completion_list& group) {
    if (group.empty()) return;
    unwrapped(own, [&](const auto& executor) {
      boost::asio::post(executor, completion_run(std::move(group), executor, std::move(idle)));
    });
  };
  if (!ready.any_foreign()) return post(ready);
  completion_list at_home;
  foreign_groups foreign;
  while (completion* operation = ready.pop()) {
    if (!operation->foreign())
      at_home.push(*operation);
    else if (auto& other = static_cast<foreign_completion&>(*operation);
             here != nullptr && other.runs_anywhere())
      here->push(other);
    else
      foreign.push(other);
  }
  post(at_home);
  foreign.flush();
}

/// Calls the handlers of operations that run anywhere.
inline void run_all_here(completion_list ready) {
  while (completion* operation = ready.pop()) static_cast<foreign_completion&>(*operation).run_here();
}

}  // namespace carpool::execution
