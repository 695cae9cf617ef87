// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/adaptive.hpp>
#include <carpool/scheduling/size_or_timeout.hpp>
#include <carpool/with_work.hpp>

#include <simulation/checking_observer.hpp>
#include <simulation/random_terms.hpp>
#include <simulation/rules.hpp>
#include <simulation/scene.hpp>
#include <simulation/simulated_model.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace carpool::test {

/// A batcher whose callers, model, operator and clock do random things, all decided by one seed, on one
/// thread; the rules must hold whatever they do. Inputs are the numbers 0, 1, 2... in order of submission.
class simulated_service {
 public:
  explicit simulated_service(std::uint64_t seed) : at_(seed) {
    manual_clock::reset();
    choose_service(at_);
    if (roll_.chance(50)) at_.given.observer = observer_ = std::make_shared<checking_observer>(at_);
    model_.retries.replenish();
    with_functors(false, [&](auto functors) {
      with_policy([&](auto policy) {
        const auto work = [this](int number) { return at_.of(number).work; };
        at_.batcher.emplace(at_.world.callers, at_.given, with_work(std::move(functors), work),
                            std::move(policy));
      });
    });
  }

  /// So many random steps, then to the end; the first rule that was broken, or nothing.
  std::string run(int steps) {
    for (; at_.step < steps && at_.broken.empty(); ++at_.step) step();
    ending_ = true;
    if (at_.broken.empty()) end();
    return at_.broken;
  }

 private:
  // ---- what can happen

  void step() {
    switch (roll_.below(13)) {
      case 0:
      case 1:
      case 2:
        return submit();
      case 3:
        return submit_many();
      case 4:
      case 5:
        return cancel();
      case 6:
        return manual_clock::advance(roll_.milliseconds_below(3));
      case 7:
        return poll_one(at_.world.callers);
      case 8:
        return poll_one(at_.world.lanes);
      case 9:
      case 10:
        at_.world.settle();
        return rules_.check_settled();
      case 11:
        return operate();
      default:
        return roll_.chance(3) ? stop() : rules_.check_counts();
    }
  }

  static void poll_one(asio::io_context& io) {
    io.restart();
    io.poll_one();
  }

  // ---- callers

  operation& admit(std::size_t count) {
    operation& made = at_.operations.emplace_back();
    made.first = at_.inputs.size();
    made.count = count;
    for (std::size_t i = 0; i < count; ++i) {
      input& fresh = at_.inputs.emplace_back();
      fresh.owner = &made;
      fresh.work = at_.model.weighs ? static_cast<double>(1 + roll_.below(8)) : 1;
      fresh.bad = roll_.chance(5);
      fresh.poison = at_.model.poisons && roll_.chance(4);
    }
    choose_terms(at_, made);
    rules_.predict(made);
    return made;
  }

  void submit() {
    if (!at_.batcher) return;
    operation& made = admit(1);
    at_.batcher->async_submit(
        static_cast<int>(made.first), made.asked,
        asio::bind_cancellation_slot(made.signal.slot(),
                                     [this, &made](boost::system::error_code why, int result) {
                                       completed(made, why, ints(1, result));
                                     }));
    at_.expect(made.calls == 0, "a handler was called inside async_submit");
  }

  void submit_many() {
    if (!at_.batcher) return;
    operation& made = admit(roll_.below(7));
    ints numbers;
    for (std::size_t i = 0; i < made.count; ++i) numbers.push_back(static_cast<int>(made.first + i));
    at_.batcher->async_submit_many(
        std::move(numbers), made.asked,
        asio::bind_cancellation_slot(made.signal.slot(),
                                     [this, &made](boost::system::error_code why, const ints& results) {
                                       completed(made, why, results);
                                     }));
    at_.expect(made.calls == 0, "a handler was called inside async_submit_many");
  }

  /// Callers often have a next request.
  void completed(operation& of, boost::system::error_code why, const ints& results) {
    rules_.completed(of, why, results);
    if (!ending_ && roll_.chance(20)) submit();
  }

  void cancel() {
    if (at_.operations.empty()) return;
    const auto recent = std::min<std::size_t>(at_.operations.size(), 10);
    operation& chosen = at_.operations[at_.operations.size() - 1 - roll_.below(recent)];
    if (chosen.calls > 0) return;
    using asio::cancellation_type;
    constexpr cancellation_type types[] = {cancellation_type::none, cancellation_type::total,
                                           cancellation_type::partial, cancellation_type::terminal};
    const auto type = types[roll_.below(4)];
    chosen.cancelled_softly |= type == cancellation_type::total;
    chosen.cancelled_hard |= type == cancellation_type::partial || type == cancellation_type::terminal;
    chosen.signal.emit(type);
    at_.expect(chosen.calls == 0, "a handler was called inside emit");
  }

  // ---- the operator

  void operate() {
    if (!at_.batcher || roll_.chance(50)) return;
    switch (roll_.below(3)) {
      case 0:
        return with_policy([this](auto policy) { at_.batcher->set_policy(std::move(policy)); });
      case 1:
        return reconfigure();
      default:
        return with_functors(roll_.chance(30), [this](auto functors) { reload(std::move(functors)); });
    }
  }

  void reconfigure() {
    const options before = at_.given;
    choose_bounds(at_, at_.given);
    try {
      at_.batcher->reconfigure(at_.given);
      rules_.reconfigured();
    } catch (const std::runtime_error&) {
      at_.given = before;
      at_.expect(failing_reloads_[static_cast<std::size_t>(at_.newest_reload)],
                 "a change failed without a reason");
    }
  }

  template <class Functors>
  void reload(Functors functors) {
    const int number = at_.newest_reload;
    waits_.emplace_back(0);
    at_.batcher->async_reload(
        std::move(functors), [this, number, &calls = waits_.back()](boost::system::error_code why) {
          ++calls;
          if (!why) at_.oldest_functors = std::max(at_.oldest_functors, number);
          const auto since = failing_reloads_.begin() + number;
          const bool may_fail = std::find(since, failing_reloads_.end(), true) != failing_reloads_.end();
          at_.expect(
              !why || (why == error::model_failed && may_fail) || (why == error::shut_down && !at_.batcher),
              "a reload failed without a reason");
        });
  }

  /// The end comes in several ways.
  void stop() {
    if (!at_.batcher) return;
    at_.closed = true;
    switch (roll_.below(at_.depth <= 1 ? 5 : 4)) {
      case 0:
        return at_.batcher->close();
      case 4:
        return at_.batcher.reset();  // in its functor, too, but not while another lane waits for this one
      default:
        return shut_down(static_cast<shutdown_mode>(roll_.below(3)),
                         roll_.chance(40) ? roll_.milliseconds_below(10) : duration::max());
    }
  }

  void shut_down(shutdown_mode how, duration limit) {
    at_.flushing |= how == shutdown_mode::flush;
    at_.aborted |= how == shutdown_mode::abort;
    at_.abort_by = std::min(at_.abort_by, saturating_add(manual_clock::now(), limit));
    waits_.emplace_back(0);
    at_.batcher->async_shut_down(
        how, limit,
        [this, &calls = waits_.back(), before = at_.operations.size()](boost::system::error_code why) {
          ++calls;
          at_.expect(!why || (why == error::expired && at_.abort_by <= manual_clock::now()),
                     "a shutdown failed");
          for (std::size_t i = 0; i < before; ++i)
            at_.expect(at_.operations[i].calls == 1,
                       "the end came before that of a request admitted earlier");
        });
  }

  template <class Use>
  void with_policy(Use use) {
    at_.policy = {1, duration::zero(), false};
    switch (roll_.below(3)) {
      case 0:
        return use(eager{});
      case 1:
        at_.policy.adaptive = at_.ever_adaptive = true;
        return use(adaptive{});
      default:
        at_.policy.size = 1 + roll_.below(8);
        at_.policy.delay = roll_.chance(20) ? duration{} : roll_.milliseconds_below(10);
        return use(size_or_timeout{at_.policy.size, at_.policy.delay});
    }
  }

  /// A lane factory of random functors; one that fails fails for odd lanes, or for all.
  template <class Use>
  void with_functors(bool failing, Use use) {
    failing_reloads_.push_back(failing);
    at_.newest_reload = static_cast<int>(failing_reloads_.size()) - 1;
    const std::size_t every = 1 + roll_.below(2);
    const auto factory = [&, this]<class Functor>(Functor) {
      return [this, failing, every, reload = at_.newest_reload](std::size_t lane) {
        if (failing && (lane + 1) % every == 0) throw std::runtime_error("simulated");
        return Functor{&model_, lane, reload};
      };
    };
    switch (roll_.below(3)) {
      case 0:
        return use(factory(consuming_functor{}));
      case 1:
        return use(factory(reading_functor{}));
      default:
        return use(factory(spoiling_functor{}));
    }
  }

  void during_a_batch() {
    for (std::size_t i = roll_.below(8); i > 0 && at_.broken.empty(); --i) step();
  }

  void end() {
    for (int i = 0; i < 1000 && at_.broken.empty() && !at_.world.idle(); ++i) {
      at_.world.settle();
      rules_.check_settled();
      if (const auto next = manual_clock::next_expiry()) manual_clock::advance(*next - manual_clock::now());
    }
    at_.expect(at_.world.idle(), "something is pending for ever");
    rules_.check_end();
    for (const int calls : waits_) at_.expect(calls == 1, "a shutdown or reload did not complete once");
    if (observer_ && at_.batcher) observer_->check_end(at_.batcher->stats());
  }

  std::vector<bool> failing_reloads_;
  std::deque<int> waits_;  // for shutdowns and reloads: how often each has ended
  bool ending_ = false;
  scene at_;
  dice& roll_ = at_.chance;
  simulated_model model_{at_, [this] { during_a_batch(); }};
  rules rules_{at_, model_.retries};
  std::shared_ptr<checking_observer> observer_;
};

}  // namespace carpool::test
