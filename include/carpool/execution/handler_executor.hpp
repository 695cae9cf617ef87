// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What is asked of a handler, and of the executor that it names, about where it has to be called.

#pragma once

#include <carpool/execution/pending_operations.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/is_executor.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/system_context.hpp>
#include <boost/asio/system_executor.hpp>

#include <concepts>
#include <type_traits>

namespace carpool::execution {

/// Functions can be posted to it. asio::inline_executor knows no other thread than that of who calls it, and
/// that of an asio::any_completion_handler cannot be asked not to call them at once.
template <class Executor>
inline constexpr bool can_be_posted_to =
    boost::asio::can_require<const Executor&, boost::asio::execution::blocking_t::never_t>::value;

/// Whether the handler says where it wants to be called, and can be posted there. All others are posted to
/// the batcher's executor, which hands on those that name another one. Refuses executors of before
/// Boost 1.74: a handler that was taken for one without an executor would be called beside its strand.
enum class naming { no_executor, one_that_is_posted_to, one_that_only_executes };
template <class Handler>
inline constexpr naming names_executor = [] {
  struct none {};
  using named = boost::asio::associated_executor_t<Handler, none>;
  static_assert(
      boost::asio::execution::is_executor<named>::value || !boost::asio::is_executor<named>::value,
      "carpool: the handler's executor is one of the Networking TS only, as io_context::strand is; take "
      "asio::make_strand(context)");
  if (can_be_posted_to<named>) return naming::one_that_is_posted_to;
  return boost::asio::execution::is_executor<named>::value ? naming::one_that_only_executes
                                                           : naming::no_executor;
}();
template <class Handler>
inline constexpr bool has_executor = names_executor<Handler> == naming::one_that_is_posted_to;
template <class Handler>
inline constexpr bool is_handed_on = names_executor<Handler> == naming::one_that_only_executes;

/// Work that it is given is done at once, on the thread that gives it, and needs no other. Asks for Asio's
/// system context, which starts threads when it is first asked for, only where the type leaves that open.
template <class Executor>
[[nodiscard]] bool belongs_to_no_thread(const Executor& executor) noexcept {
  using boost::asio::execution::blocking;
  namespace execution = boost::asio::execution;
  if constexpr (std::same_as<Executor, boost::asio::system_executor>) return true;  // at compile time
  if constexpr (!std::same_as<Executor, boost::asio::any_io_executor> &&
                boost::asio::can_query<const Executor&, execution::blocking_t>::value &&
                boost::asio::can_query<const Executor&, execution::context_t>::value) {
    using context = std::decay_t<decltype(boost::asio::query(executor, execution::context))>;
    constexpr bool tells = !std::same_as<context, boost::asio::execution_context>;
    if constexpr (tells && !std::same_as<context, boost::asio::system_context>) return false;
    if (boost::asio::query(executor, blocking) != blocking.possibly) return false;
    return tells ||
           context_of(executor) == &boost::asio::query(boost::asio::system_executor(), execution::context);
  }
  return false;
}

/// It is called on the batcher's executor although it names another one, to which no thread belongs. Who has
/// a slot must not cancel while the handler is called, so that has to be on a thread that he knows; Asio's
/// own objects call it on theirs, too.
template <class Handler, class Executor>
[[nodiscard]] bool is_called_at_home(const Handler& handler, const Executor& named) noexcept {
  if (!boost::asio::get_associated_cancellation_slot(handler).is_connected()) return false;
  if constexpr (std::same_as<Executor, boost::asio::any_io_executor>)
    return named.template target<boost::asio::system_executor>() != nullptr;
  else
    return belongs_to_no_thread(named);
}

/// The executor while its context must not run dry.
template <class Executor>
[[nodiscard]] auto kept_running(const Executor& executor) {
  return boost::asio::prefer(executor, boost::asio::execution::outstanding_work.tracked);
}

}  // namespace carpool::execution
