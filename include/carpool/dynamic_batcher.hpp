// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/engine.hpp>
#include <carpool/execution/own_context.hpp>
#include <carpool/execution/ride_finder.hpp>
#include <carpool/fwd.hpp>
#include <carpool/options.hpp>
#include <carpool/scheduling/adaptive.hpp>
#include <carpool/scheduling/policy.hpp>
#include <carpool/single_flight.hpp>
#include <carpool/stats.hpp>
#include <carpool/with_work.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/config.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace carpool {

/// Gathers single requests into batches, runs the model once per batch, and gives every caller its own
/// result.
///
/// Use it as `DynamicBatcher<In, Out>`. Both types may be move-only; Out must be default constructible (a
/// failed request completes with an empty one) and nothrow move constructible.
///
/// Functors are a single callable `span<In> -> one result per item`, a functor_set, or a lane factory
/// `lane index -> either`, called once per lane, on the lane's thread, one lane after the other. A lane's
/// functors are never entered by two threads at once. With `options::model_executor` there are no threads and
/// the factory is called by the constructor.
///
/// Executor: given first, as to any I/O object, it runs the timer and the handlers without an associated
/// executor; without it the batcher has a context and a thread of its own. It must outlive the batcher, and
/// run: where nobody runs it, deadlines pass unnoticed and no policy's wait ends.
///
/// Destruction is close() and a wait for the batches that are running; it never waits for the model executor
/// to *start* anything. Called by a lane of this batcher, from inside a functor or an observer, it does not
/// wait for that lane's batch, whose requests still complete.
///
/// Thread safety: all member functions but the destructor may be called from any thread, also from functors
/// and handlers. A caller that cancels must do so where its handler runs (on its strand), as everywhere in
/// Asio; where the initiating function is called elsewhere, a deadline is what ends a request.
///
/// Exactly one completion: every operation completes once, never inside the initiating function, by a post to
/// its handler's associated executor, and with its memory (from the handler's associated allocator) already
/// freed. An executor that belongs to no thread, asio::system_executor or that of use_future, spares the post
/// and the thread that would have to be woken: the lane calls the handler when its batch is over. Such a
/// handler keeps the lane from its next batch, so it must be short and wait for nothing. If it has a
/// cancellation slot that is connected, as with cancel_after, it is called on the batcher's executor instead;
/// so is any with asio::inline_executor, to which nothing can be posted. An asio::any_completion_handler gets
/// there, too, and on from there to the executor of what it holds, whose context must outlive the request;
/// where there is no memory for that way, it is called on the batcher's executor.
///
/// Handlers that complete together are called in one go, one post per executor. Requests that they submit
/// wait for each other: they arrive, and their times begin, when all these handlers have been called or
/// max_batch_size requests are there. So a handler must not wait for what it submits, neither by blocking nor
/// by running its context; only requests whose handlers belong to another context, as those of use_future do,
/// can be waited for.
template <class In, class Out, class Clock>
class basic_dynamic_batcher {
 public:
  using executor_type = boost::asio::any_io_executor;
  using input_type = In;
  using output_type = Out;

  /// With a thread of its own for the timer and for handlers that name no executor. Throws
  /// std::invalid_argument for options out of range, and what a lane factory throws.
  template <class Functors, scheduling_policy Policy = adaptive>
  basic_dynamic_batcher(const options& given, Functors functors, Policy policy = {})
      : basic_dynamic_batcher(std::make_unique<execution::own_context>(), given, std::move(functors),
                              std::move(policy)) {}

  /// On the caller's executor.
  template <class Functors, scheduling_policy Policy = adaptive>
  basic_dynamic_batcher(const executor_type& executor, const options& given, Functors functors,
                        Policy policy = {})
      : weigh_(weigher_of(functors)),
        engine_(make_engine(executor, given, std::move(functors), std::move(policy))) {}

  /// On the executor of this context.
  template <std::derived_from<boost::asio::execution_context> Context, class Functors,
            scheduling_policy Policy = adaptive>
  basic_dynamic_batcher(Context& context, const options& given, Functors functors, Policy policy = {})
      : basic_dynamic_batcher(executor_type(context.get_executor()), given, std::move(functors),
                              std::move(policy)) {}

  basic_dynamic_batcher(const basic_dynamic_batcher&) = delete;
  basic_dynamic_batcher& operator=(const basic_dynamic_batcher&) = delete;

  ~basic_dynamic_batcher() {
    const bool inside = engine_->inside_turn();
    engine_->shut_down();
    if (context_) context_->finish(inside);
  }

  [[nodiscard]] executor_type get_executor() const noexcept { return engine_->at_home().executor(); }

  /// Submits one request and completes with its result.
  ///
  /// Completion signature: `void(boost::system::error_code, Out)`. Default token: `boost::asio::deferred`.
  ///
  /// Errors: every carpool::error, or the code of the boost::system::system_error that a functor threw, the
  /// error of a per-item result, and asio::error::operation_aborted. Throws std::bad_alloc, and
  /// std::invalid_argument for work or a key_weight out of range; nothing was submitted then.
  ///
  /// Per-operation cancellation. Waiting: every type, the request never runs. Running: terminal and partial
  /// complete at once and the late result is dropped; total is ignored.
  template <class Token = boost::asio::deferred_t>
  auto async_submit(In input, Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, Out)>(initiate_submit{*this},
                                                                                    token, std::move(input));
  }

  /// The same with options; a deadline that passes completes the request at once, waiting or running.
  template <class Token = boost::asio::deferred_t>
  auto async_submit(In input, submit_options asked, Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, Out)>(
        initiate_submit{*this}, token, std::move(input), asked);
  }

  /// Submits several requests, all or none, and completes once with all results in the order of the inputs,
  /// or with the error of the first input that failed, when the last of them has ended. They share one
  /// deadline and one cancellation, and may run in different batches.
  ///
  /// Completion signature: `void(boost::system::error_code, std::vector<Out>)`. Errors and cancellation as
  /// async_submit.
  template <class Token = boost::asio::deferred_t>
  auto async_submit_many(std::vector<In> inputs, Token&& token = Token()) {
    return async_submit_many(std::move(inputs), submit_options{}, std::forward<Token>(token));
  }

  template <class Token = boost::asio::deferred_t>
  auto async_submit_many(std::vector<In> inputs, submit_options asked, Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::vector<Out>)>(
        initiate_submit_many{*this}, token, std::move(inputs), asked);
  }

  /// Refuses new requests (error::shut_down) and completes when every request admitted before has completed:
  /// async_shut_down(shutdown_mode::drain) without a limit.
  template <class Token = boost::asio::deferred_t>
  auto async_drain(Token&& token = Token()) {
    return async_shut_down(shutdown_mode::drain, no_deadline, std::forward<Token>(token));
  }

  /// Refuses new requests (error::shut_down), ends what is there as asked and completes when nothing is left;
  /// or at the limit, with error::expired, when what is left has been given up (shutdown_mode::abort). So it
  /// ends even if the model hangs. May be called several times, also with a stricter way or limit.
  ///
  /// Completion signature: `void(boost::system::error_code)`. Cancellation (every type) ends the wait with
  /// operation_aborted; the batcher goes on shutting down.
  template <class Token = boost::asio::deferred_t>
  auto async_shut_down(shutdown_mode how, time_limit within = no_deadline, Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code)>(initiate_shut_down{*this},
                                                                               token, how, within);
  }

  /// Other options, from now on. No request is lost and none loses its place; what already waits stays, also
  /// where the new bounds would not let it in. More lanes are made before anything changes, so this call may
  /// take as long as loading a model; lanes that are not wanted any more end their batch and sleep.
  ///
  /// Must not be called by a lane factory of this batcher, which would wait for itself; nor must
  /// async_reload.
  ///
  /// Throws std::invalid_argument for options out of range, for another model_executor, and for more lanes
  /// than functors were given for (a lane factory makes any number), and what the factory throws. Nothing
  /// has changed then.
  void reconfigure(const options& changed) {
    check(changed);
    engine_->reconfigure(changed);
  }

  /// Another policy decides from now on. It is told of every request that is here.
  template <scheduling_policy Policy>
  void set_policy(Policy policy) {
    engine_->set_policy(scheduling::any_policy(std::move(policy)));
  }

  /// Gives every lane new functors, such as a model that was loaded anew: each lane changes between two of
  /// its batches. Completes when all have. No request is lost or reordered. The work function stays, and so
  /// does what single_flight was given.
  ///
  /// Completion signature: `void(boost::system::error_code)`: error::model_failed, or the code of the
  /// system_error, if a lane factory threw; such a lane goes on with what it had, and on_batch_error is told
  /// the exception. Cancellation (every type) ends the wait, not the change.
  template <class Functors, class Token = boost::asio::deferred_t>
  auto async_reload(Functors functors, Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code)>(initiate_reload{*this}, token,
                                                                               std::move(functors));
  }

  /// Refuses new requests and fails the waiting ones, both with error::shut_down; running batches go on and
  /// their requests get their results. Does not wait; may be called several times.
  void close() { engine_->close(); }

  /// What happened so far; see carpool::stats.
  [[nodiscard]] carpool::stats stats() const { return engine_->snapshot(); }

 private:
  using engine_type = execution::engine<Clock>;

  // cancel_after and its like ask an initiation for its executor, so initiations are no lambdas.
  struct initiation {
    using executor_type = boost::asio::any_io_executor;
    [[nodiscard]] executor_type get_executor() const noexcept { return batcher.get_executor(); }
    basic_dynamic_batcher& batcher;
  };

  using work_of = std::function<double(const In&)>;

  struct initiate_submit : initiation {
    template <class Handler>
    BOOST_FORCEINLINE void operator()(Handler&& handler, In input, submit_options asked = {}) const {
      using operation = execution::single_operation<In, Out, std::decay_t<Handler>>;
      this->batcher.template submit<operation>(std::forward<Handler>(handler), std::move(input), 1, asked);
    }
  };

  struct initiate_submit_many : initiation {
    template <class Handler>
    void operator()(Handler&& handler, std::vector<In> inputs, const submit_options& asked) const {
      using operation = execution::many_operation<In, Out, std::decay_t<Handler>>;
      const std::size_t count = inputs.size();
      if (count == 0)
        return post_result(this->get_executor(), std::forward<Handler>(handler), {}, std::vector<Out>{});
      this->batcher.template submit<operation>(std::forward<Handler>(handler), std::move(inputs), count,
                                               asked);
    }
  };

  struct initiate_shut_down : initiation {
    template <class Handler>
    void operator()(Handler&& handler, shutdown_mode how, time_limit within) const {
      using operation = execution::drain_operation<std::decay_t<Handler>>;
      auto& engine = *this->batcher.engine_;
      engine.shut_down_by(*operation::make(execution::handler_run::current(),
                                           owned(std::forward<Handler>(handler)), engine.at_home()),
                          how, within);
    }
  };

  struct initiate_reload : initiation {
    template <class Handler, class Functors>
    void operator()(Handler&& handler, Functors functors) const {
      using operation = execution::drain_operation<std::decay_t<Handler>>;
      auto& engine = *this->batcher.engine_;
      engine.reload([&](std::size_t lanes) { return make_lanes(std::move(functors), lanes); },
                    [&]() -> operation& {
                      return *operation::make(execution::handler_run::current(),
                                              owned(std::forward<Handler>(handler)), engine.at_home());
                    });
    }
  };

  template <class Operation, class Handler, class Inputs>
  BOOST_FORCEINLINE void submit(Handler&& handler, Inputs&& inputs, std::size_t count, submit_options asked) {
    auto& engine = *engine_;
    auto when = engine.times_of(asked);  // g++ 12 would keep it in memory if it were const
    if (auto refused = engine.refusal(count, when, asked)) [[unlikely]]
      return post_result(engine.at_home().executor(), std::forward<Handler>(handler), *refused,
                         typename Operation::result_type{});
    auto* const run = execution::handler_run::current();
    auto& operation = *Operation::make(run, owned(std::forward<Handler>(handler)), engine.at_home(), when,
                                       asked, std::move(inputs));
    if (weigh_) [[unlikely]]
      execution::or_discard(operation, [&] { operation.weigh(weigh_); });
    engine.submit(operation, run);
  }

  /// What may be moved from: the handler itself, or a copy.
  template <class Handler>
  static auto owned(Handler&& handler) -> std::conditional_t<std::is_same_v<Handler, std::decay_t<Handler>>,
                                                             Handler&&, std::decay_t<Handler>> {
    return std::forward<Handler>(handler);
  }

  /// Completes a request that ended at the door.
  template <class Handler, class Result>
  BOOST_NOINLINE static void post_result(const executor_type& own, Handler&& handler,
                                         boost::system::error_code why, Result result) {
    const auto named = boost::asio::get_associated_executor(handler, own);
    const auto allocator = boost::asio::get_associated_allocator(handler);
    const bool at_home = execution::is_called_at_home(handler, named);
    auto call = [handler = std::decay_t<Handler>(std::forward<Handler>(handler)), why,
                 result = std::move(result)]() mutable { std::move(handler)(why, std::move(result)); };
    const auto post = [&](const auto& executor, auto function) {
      boost::asio::post(executor, boost::asio::bind_allocator(allocator, std::move(function)));
    };
    if constexpr (execution::has_executor<std::decay_t<Handler>>)
      if (!at_home) return post(named, std::move(call));
    if constexpr (execution::is_handed_on<std::decay_t<Handler>>) {
      const auto kept = std::make_shared<std::optional<decltype(call)>>(std::move(call));
      const auto call_once = [kept] {
        if (auto mine = std::exchange(*kept, std::nullopt)) (*mine)();
      };
      post(own, [executor = execution::kept_running(named), kept, call_once] {
        try {
          executor.execute(call_once);
        } catch (const std::bad_alloc&) {
          if (!kept->has_value()) throw;  // the handler has
          call_once();
        }
      });
    } else {
      post(own, std::move(call));
    }
  }

  template <class Functors>
  static work_of weigher_of(const Functors& functors) {
    if constexpr (has_work<Functors>) execution::check_work<Functors, In>();
    if constexpr (knows_work<Functors, In> && std::copy_constructible<Functors>) {
      return [functors](const In& input) { return static_cast<double>(functors.work(input)); };
    } else {
      return nullptr;
    }
  }

  template <class Functors>
  static std::unique_ptr<execution::ride_finder> finder_of(const Functors& functors) {
    if constexpr (shares_runs<Functors>) execution::check_identity<Functors, In, Out>();
    if constexpr (execution::can_share<Functors, In, Out>) {
      auto [hash, equal] = functors.identity;
      return std::make_unique<execution::input_table<In, Out, decltype(hash), decltype(equal)>>(
          std::move(hash), std::move(equal));
    } else {
      return nullptr;
    }
  }

  template <class Functors, class Policy>
  static std::shared_ptr<engine_type> make_engine(const executor_type& executor, const options& given,
                                                  Functors functors, Policy policy) {
    execution::check_types<In, Out>();
    check(given);
    auto engine = std::make_shared<engine_type>(executor, given, scheduling::any_policy(std::move(policy)),
                                                finder_of(functors));
    engine->start(given, make_lanes(std::move(functors), given.lanes));
    return engine;
  }

  template <class Functors>
  static execution::lane_maker make_lanes(Functors functors, std::size_t lanes) {
    auto make_pipeline = execution::make_pipeline_factory<In, Out>(std::move(functors), lanes);
    return [make_pipeline](std::size_t lane) {
      return std::make_unique<execution::typed_lane<In, Out>>(make_pipeline(lane));
    };
  }

  template <class Functors, class Policy>
  basic_dynamic_batcher(std::unique_ptr<execution::own_context> context, const options& given,
                        Functors functors, Policy policy)
      : context_(std::move(context)),
        weigh_(weigher_of(functors)),
        engine_(make_engine(context_->get_executor(), given, std::move(functors), std::move(policy))) {
    engine_->let_timer_fire();
  }

  std::unique_ptr<execution::own_context> context_;  // only without an executor
  const work_of weigh_;                              // empty: every request is 1
  std::shared_ptr<engine_type> engine_;
};

}  // namespace carpool
