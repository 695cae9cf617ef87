// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Who may want a pending operation to end early, and how they reach it.

#pragma once

#include <carpool/execution/completion.hpp>
#include <carpool/execution/home.hpp>
#include <carpool/execution/pending_operations.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/execution_context.hpp>

#include <concepts>
#include <utility>

namespace carpool::execution {

/// The context that the operation's handler belongs to; null if its executor does not tell.
template <class Operation>
[[nodiscard]] const boost::asio::execution_context* context_of_handler(const Operation& operation,
                                                                       const home& own) noexcept {
  if constexpr (std::derived_from<Operation, foreign_completion>)
    if (operation.foreign()) return operation.foreign_context();
  if constexpr (requires { operation.is_on_its_way(); })
    if (operation.is_on_its_way()) return nullptr;
  return own.context();
}

/// Sits in the cancellation slot of an operation and calls `Cancel{}(engine, operation, type)`. It stays
/// there when the operation has ended, so that the next one finds its memory.
template <class Engine, class Operation, class Cancel>
class slot_link final : public cancellable::link {
 public:
  slot_link(Engine& engine, Operation& operation) noexcept
      : link(operation), engine_(engine.weak_from_this()) {}

  void operator()(boost::asio::cancellation_type type) {
    const auto self = engine_.lock();
    if (self && operation() != nullptr && type != boost::asio::cancellation_type::none)
      Cancel{}(static_cast<Engine&>(*self), static_cast<Operation&>(*operation()), type);
  }

 private:
  decltype(std::declval<Engine&>().weak_from_this()) engine_;
};

/// connect() would do nothing: nobody has a slot for it, and it is on the batcher's own executor.
template <class Operation>
[[nodiscard]] bool connects(const Operation& operation) noexcept {
  if constexpr (std::derived_from<Operation, cancellable>)
    if (operation.cancellation_slot().is_connected()) return true;
  if constexpr (std::derived_from<Operation, foreign_completion>) return operation.foreign();
  return false;
}

/// Whoever has the slot of one that connects may cancel it as soon as the initiating function has returned,
/// on a strand beside the handler that called it: so it cannot wait for the end of a run of handlers.
template <class Operation>
[[nodiscard]] bool may_be_cancelled_beside(const Operation& operation, const home& own) noexcept {
  if constexpr (!std::derived_from<Operation, cancellable>) return false;
  if constexpr (std::derived_from<Operation, foreign_completion>)
    if (operation.foreign())
      return operation.cancellation_slot().is_connected() && !is_whole_context(operation.executor(own));
  return !own.is_whole_context();
}

/// Connects an operation to the owner of its cancellation slot and to the end of its handler's context,
/// unless that is the batcher's own, which outlives the batcher. Either calls `cancel(engine, operation,
/// type)`; Cancel has no state.
template <class Operation, class Engine, class Cancel>
void connect(Operation& operation, Engine& engine, Cancel) {
  if constexpr (std::derived_from<Operation, cancellable>)
    if (auto slot = operation.cancellation_slot(); slot.is_connected())
      slot.template emplace<slot_link<Engine, Operation, Cancel>>(engine, operation);
  if constexpr (std::derived_from<Operation, foreign_completion>) {
    if (operation.runs_anywhere()) return;
    auto* context = operation.foreign_context();
    if (context == nullptr || context == engine.at_home().context()) return;
    boost::asio::use_service<pending_operations>(*context).add(
        operation, &engine, [](void* self, pending_hook& hook) {
          Cancel{}(*static_cast<Engine*>(self), static_cast<Operation&>(hook),
                   boost::asio::cancellation_type::terminal);
        });
  }
}

/// Runs the steps that come before an operation is queued; when one throws, the operation goes, uncompleted,
/// and the exception goes to the caller of the initiating function.
template <class Operation, class Steps>
void or_discard(Operation& operation, Steps steps) {
  try {
    steps();
  } catch (...) {
    if constexpr (std::derived_from<Operation, foreign_completion>)
      if (auto* context = operation.registered_with()) context->remove(operation);
    operation.destroy();
    throw;
  }
}

}  // namespace carpool::execution
