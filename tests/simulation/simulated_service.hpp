// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <simulation/checking_observer.hpp>
#include <simulation/random_terms.hpp>
#include <simulation/rules.hpp>
#include <simulation/scene.hpp>
#include <simulation/simulated_model.hpp>
#include <simulation/simulated_operator.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace carpool::test {

/// A batcher whose callers, model, operator and clock do random things, all decided by one seed, on one
/// thread; the rules must hold whatever they do. Inputs are the numbers 0, 1, 2... in order of submission.
class simulated_service {
 public:
  explicit simulated_service(std::uint64_t seed) : at_(seed) {
    manual_clock::reset();
    choose_service(at_);
    if (roll_.chance(50)) at_.given.observer = observer_ = std::make_shared<checking_observer>(at_);
    operator_.create();
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
        return operator_.operate();
      default:
        return roll_.chance(3) ? operator_.stop() : rules_.check_counts();
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
    made.step = at_.step;
    for (std::size_t i = 0; i < count; ++i) make_input(made);
    choose_terms(at_, made);
    rules_.predict(made);
    return made;
  }

  void make_input(operation& owner) {
    input fresh;
    fresh.owner = &owner;
    fresh.content = at_.inputs.size();
    fresh.work = at_.model.weighs ? static_cast<double>(1 + roll_.below(8)) : 1;
    fresh.bad = roll_.chance(5);
    fresh.poison = at_.model.poisons && roll_.chance(4);
    if (at_.model.shares && !at_.inputs.empty() && roll_.chance(50)) {
      const auto recent = std::min<std::size_t>(at_.inputs.size(), 8);
      const input& other = at_.inputs[at_.inputs.size() - 1 - roll_.below(recent)];
      fresh.content = other.content;
      fresh.work = other.work;
      fresh.bad = other.bad;
      fresh.poison = other.poison;
    }
    at_.inputs.push_back(fresh);
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
    operator_.check_end();
    if (observer_ && at_.batcher) observer_->check_end(at_.batcher->stats());
  }

  bool ending_ = false;
  scene at_;
  dice& roll_ = at_.chance;
  simulated_model model_{at_, [this] { during_a_batch(); }};
  rules rules_{at_, model_.retries};
  simulated_operator operator_{at_, model_, rules_};
  std::shared_ptr<checking_observer> observer_;
};

}  // namespace carpool::test
