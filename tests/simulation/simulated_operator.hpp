// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/adaptive.hpp>
#include <carpool/scheduling/eager.hpp>
#include <carpool/scheduling/size_or_timeout.hpp>
#include <carpool/single_flight.hpp>
#include <carpool/with_work.hpp>

#include <simulation/random_terms.hpp>
#include <simulation/rules.hpp>
#include <simulation/scene.hpp>
#include <simulation/simulated_model.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <stdexcept>
#include <utility>
#include <vector>

namespace carpool::test {

/// Who makes the batcher, changes it while it runs and ends it.
class simulated_operator {
 public:
  simulated_operator(scene& at, simulated_model& model, rules& checked)
      : at_(at), model_(model), rules_(checked) {}

  void create() {
    model_.retries.replenish();
    with_functors(false, [&](auto functors) {
      with_policy([&](auto policy) {
        const auto work = [this](int number) { return at_.of(number).work; };
        make(with_work(std::move(functors), work), std::move(policy));
      });
    });
  }

  /// Changes something, perhaps.
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

  /// When nothing can happen any more.
  void check_end() const {
    for (const int calls : waits_) at_.expect(calls == 1, "a shutdown or reload did not complete once");
  }

 private:
  template <class Functors, class Policy>
  void make(Functors functors, Policy policy) {
    const auto hash = [this](int number) { return at_.of(number).content; };
    const auto equal = [this](int a, int b) { return at_.of(a).content == at_.of(b).content; };
    if (at_.model.shares)
      at_.batcher.emplace(at_.world.callers, at_.given, single_flight(std::move(functors), hash, equal),
                          std::move(policy));
    else
      at_.batcher.emplace(at_.world.callers, at_.given, std::move(functors), std::move(policy));
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

  scene& at_;
  dice& roll_ = at_.chance;
  simulated_model& model_;
  rules& rules_;
  std::vector<bool> failing_reloads_;
  std::deque<int> waits_;  // for shutdowns and reloads: how often each has ended
};

}  // namespace carpool::test
