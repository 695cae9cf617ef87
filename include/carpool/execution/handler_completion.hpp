// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/completion.hpp>
#include <carpool/execution/completion_run.hpp>
#include <carpool/execution/handler_executor.hpp>
#include <carpool/execution/handler_run.hpp>
#include <carpool/execution/home.hpp>
#include <carpool/execution/operation_allocator.hpp>
#include <carpool/execution/pending_operations.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/prefer.hpp>

#include <concepts>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace carpool::execution {

/// The part that depends on the executor of the handler only. While the operation is pending it holds
/// outstanding work on a foreign executor, so that its context does not run dry; on its own one the batcher
/// does.
template <class Executor>
class executor_completion : public foreign_completion {
 public:
  template <class Handler>
  executor_completion(const Handler& handler, const home& own) {
    const Executor executor = boost::asio::get_associated_executor(handler, own.executor());
    foreign_ = !own.is(executor) && !is_called_at_home(handler, executor);
    if (!foreign_) return;
    executor_.emplace(kept_running(executor));
    this->runs_anywhere_ = belongs_to_no_thread(executor);
  }

  void run_here() final {
    const auto executor = *executor_;  // our own is gone once the handler runs
    if (!execute_on(executor, *this)) lone_call{*this}();
  }

  [[nodiscard]] bool shares_executor_with(const foreign_completion& other) const noexcept final {
    return other.executor_type() == executor_type() &&
           *static_cast<const executor_completion&>(other).executor_ == *executor_;
  }

  void post(completion_list& ready) final {
    // Our executor is gone once the run has begun, and hand_over() keeps the context alive no longer than
    // this call.
    const auto post = [&](bool ending) {
      try {  // an executor, too, may need memory, as a strand in an any_io_executor does
        const auto executor =
            boost::asio::prefer(*executor_, boost::asio::execution::outstanding_work.untracked);
        completion_run<std::decay_t<decltype(executor)>>::post(ready, executor);
      } catch (const std::bad_alloc&) {
      }
      if (ending) const completion_list dropped(std::move(ready));
    };
    const auto hooks = [&ready](auto visit) {
      ready.for_each([&](completion& each) { visit(static_cast<executor_completion&>(each)); });
    };
    if (pending_operations* context = this->registered_with())
      context->hand_over(hooks, post);
    else
      post(false);
  }

  /// The context that a foreign executor belongs to, if it tells.
  [[nodiscard]] boost::asio::execution_context* foreign_context() const noexcept {
    return executor_ ? context_of(*executor_) : nullptr;
  }

 protected:
  ~executor_completion() = default;

 private:
  [[nodiscard]] const void* executor_type() const noexcept final {
    static char identity;  // its address; not const, so that no linker merges those of two types
    return &identity;
  }

  std::optional<decltype(kept_running(std::declval<const Executor&>()))> executor_;  // if foreign
};

/// The same for an executor to which nothing can be posted: the batcher's one hands the handler on to it. It
/// tells no context whose end could be noticed.
template <class Executor>
class handed_on_completion : public completion {
 public:
  /// Its handler belongs to another executor than the batcher's.
  [[nodiscard]] bool is_on_its_way() const noexcept { return executor_.has_value(); }

 protected:
  template <class Handler>
  handed_on_completion(const Handler& handler, const home& own) {
    const Executor executor = boost::asio::get_associated_executor(handler, own.executor());
    if (!own.is(executor)) executor_.emplace(kept_running(executor));
  }
  ~handed_on_completion() = default;

  /// False: it is where it belongs, or there is no memory for the way on, and it ends here.
  [[nodiscard]] bool hand_on() {
    const auto executor = std::exchange(executor_, std::nullopt);
    return executor && execute_on(*executor, *this);
  }

 private:
  std::optional<decltype(kept_running(std::declval<const Executor&>()))> executor_;
};

/// The same for a handler without an executor.
class own_completion : public completion {
 protected:
  template <class Handler>
  own_completion(const Handler&, const home&) noexcept {}
  ~own_completion() = default;
};

template <class Handler,
          class Executor = boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>>
using completion_base = std::conditional_t<
    has_executor<Handler>, executor_completion<Executor>,
    std::conditional_t<is_handed_on<Handler>, handed_on_completion<Executor>, own_completion>>;

struct nothing {};

/// The handler says by what it may be cancelled.
template <class Handler>
inline constexpr bool has_slot =
    !std::same_as<boost::asio::associated_cancellation_slot_t<Handler, nothing>, nothing>;

/// The handler brings the allocator of its operation.
template <class Handler>
inline constexpr bool has_allocator =
    !std::same_as<boost::asio::associated_allocator_t<Handler, nothing>, nothing>;

/// An operation that ends by calling `handler(error_code, Results...)`. `Operation` is the most derived
/// class: it is allocated with the handler's allocator, and `deliver_to(receiver)` calls the receiver with
/// error code and results; nothing of the operation is touched after that.
template <class Operation, class Handler>
class handler_completion : public completion_base<Handler>,
                           public std::conditional_t<has_slot<Handler>, cancellable, nothing> {
 public:
  /// Allocates and constructs an Operation from the handler, the batcher's home and the rest of the
  /// arguments, in the current run of handlers, if not null.
  template <class... Args>
  [[nodiscard]] static Operation* make(handler_run* run, Handler&& handler, const home& own, Args&&... args) {
    auto allocator = allocator_of(handler, run);
    using traits = std::allocator_traits<decltype(allocator)>;
    Operation* memory = traits::allocate(allocator, 1);
    try {
      return ::new (static_cast<void*>(memory))
          Operation(std::move(handler), own, std::forward<Args>(args)...);
    } catch (...) {
      traits::deallocate(allocator, memory, 1);
      throw;
    }
  }

  /// Where the handler brings an allocator, which may count on it, the memory is free again before the
  /// handler runs; and where that costs nothing.
  void invoke(handler_run& here) final {
    if constexpr (is_handed_on<Handler>)
      if (this->hand_on()) return;
    if constexpr (has_allocator<Handler> || std::is_trivially_destructible_v<Handler>)
      invoke_freed(here);
    else
      invoke_in_place(here);
  }

  void destroy() noexcept final {
    auto* self = static_cast<Operation*>(this);
    Handler handler(std::move(handler_));
    free(self, allocator_of(handler, nullptr));
  }

  /// Where the handler is called.
  [[nodiscard]] auto executor(const home& own) const noexcept {
    return boost::asio::get_associated_executor(handler_, own.executor());
  }
  /// The handler's cancellation slot.
  [[nodiscard]] auto cancellation_slot() const noexcept {
    return boost::asio::get_associated_cancellation_slot(handler_);
  }

 protected:
  handler_completion(Handler&& handler, const home& own)
      : completion_base<Handler>(handler, own), handler_(std::move(handler)) {}
  ~handler_completion() = default;

 private:
  void invoke_freed(handler_run& here) {
    auto* self = static_cast<Operation*>(this);
    Handler handler(std::move(handler_));
    self->deliver_to([&](auto... results) {
      free(self, allocator_of(handler, &here));
      std::move(handler)(std::move(results)...);
    });
  }

  /// Spares a coroutine's handler, which is not cheap to move and to destroy, a move.
  void invoke_in_place(handler_run& here) {
    auto* self = static_cast<Operation*>(this);
    const struct freed_at_end {
      Operation* self;
      handler_run& here;
      ~freed_at_end() { free(self, operation_allocator<Operation>(&here)); }
    } guard{self, here};
    if constexpr (has_slot<Handler>) this->unlink();  // nobody cancels what has ended
    self->deliver_to(std::move(handler_));
  }

  static auto allocator_of(const Handler& handler, handler_run* run) noexcept {
    const auto allocator = boost::asio::get_associated_allocator(handler, operation_allocator<void>(run));
    return
        typename std::allocator_traits<std::decay_t<decltype(allocator)>>::template rebind_alloc<Operation>(
            allocator);
  }

  template <class Allocator>
  static void free(Operation* self, Allocator allocator) noexcept {
    self->~Operation();
    std::allocator_traits<Allocator>::deallocate(allocator, self, 1);
  }

  Handler handler_;
};

}  // namespace carpool::execution
