// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/pending_operations.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <concepts>

namespace carpool::execution {

/// It is that of a whole io_context or thread_pool. Others may be strands, beside which other handlers of the
/// same context run.
template <class Executor>
[[nodiscard]] bool is_whole_context(const Executor& executor) noexcept {
  using io = boost::asio::io_context::executor_type;
  using pool = boost::asio::thread_pool::executor_type;
  if constexpr (std::same_as<Executor, boost::asio::any_io_executor>)
    return executor.template target<io>() != nullptr || executor.template target<pool>() != nullptr;
  else
    return std::same_as<Executor, io> || std::same_as<Executor, pool>;
}

/// The batcher's own executor, and what would otherwise be asked of it for every request.
class home {
 public:
  explicit home(const boost::asio::any_io_executor& executor)
      : executor_(executor),
        io_(executor_.target<boost::asio::io_context::executor_type>()),
        context_(context_of(executor_)),
        is_whole_context_(execution::is_whole_context(executor_)) {}
  home(const home&) = delete;
  home& operator=(const home&) = delete;

  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

  /// Its context; null if the executor does not tell.
  [[nodiscard]] const boost::asio::execution_context* context() const noexcept { return context_; }

  [[nodiscard]] bool is_whole_context() const noexcept { return is_whole_context_; }

  /// It is this executor. (Flat, because g++ inlines target() or not as the rest of a program has it.)
  template <class Executor>
  [[nodiscard, gnu::flatten]] bool is(const Executor& other) const noexcept {
    if constexpr (std::same_as<Executor, boost::asio::io_context::executor_type>) {
      return io_ != nullptr && *io_ == other;
    } else if constexpr (std::same_as<Executor, boost::asio::any_io_executor>) {
      const auto* io = other.template target<boost::asio::io_context::executor_type>();
      return io == nullptr ? executor_ == other : is(*io);  // the usual case, at half the cost
    } else if constexpr (requires { other.template target<boost::asio::io_context::executor_type>(); }) {
      const auto* io = other.template target<boost::asio::io_context::executor_type>();
      return io != nullptr && is(*io);
    } else if (io_ != nullptr) {
      return false;  // without asking executor_, which would compare the names of types
    } else {
      const auto* target = executor_.target<Executor>();
      return target != nullptr && *target == other;
    }
  }

 private:
  const boost::asio::any_io_executor executor_;
  const boost::asio::io_context::executor_type* const io_;  // executor_, if it is one of these
  const boost::asio::execution_context* const context_;
  const bool is_whole_context_;
};

}  // namespace carpool::execution
