// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <support/int_bench.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace carpool::test {

/// A batcher whose callers, model and clock do random things, all decided by one seed, on one thread; and the
/// rules that must hold whatever they do. Inputs are the numbers 0, 1, 2... in order of submission.
class simulated_service {
 public:
  explicit simulated_service(std::uint64_t seed) : random_(seed) {
    manual_clock::reset();
    const options given = random_options();
    const auto model = [this](std::span<int> numbers) { return run_batch(numbers); };
    if (chance(50)) {
      policy_delay_ = duration::zero();
      policy_size_ = 1;
      batcher_.emplace(world_.callers, given, model);
    } else {
      policy_size_ = 1 + below(given.max_batch_size);
      policy_delay_ = chance(20) ? duration{} : milliseconds_below(10);
      batcher_.emplace(world_.callers, given, model, size_or_timeout{policy_size_, policy_delay_});
    }
  }

  /// So many random steps, then to the end; the first rule that was broken, or nothing.
  std::string run(int steps) {
    for (; step_ < steps && broken_.empty(); ++step_) step();
    if (broken_.empty()) end();
    return broken_;
  }

 private:
  struct operation {
    std::size_t first = 0;  // its inputs are [first, first + count)
    std::size_t count = 1;
    time_point arrival{};
    time_point deadline = never;
    time_point leave_by = never;
    int priority = 0;
    boost::system::error_code refusal;  // known when it is submitted
    bool cancelled_softly = false;      // with total
    bool cancelled_hard = false;        // with terminal or partial
    int calls = 0;
    asio::cancellation_signal signal;
  };

  struct input {
    operation* owner = nullptr;
    bool bad = false;  // fails by itself
    bool ran = false;
    boost::system::error_code batch_error;
  };

  // ---- dice

  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
  duration milliseconds_below(std::size_t limit) { return static_cast<int>(below(2 * limit)) * 500us; }
  bool chance(unsigned percent) { return below(100) < percent; }

  options random_options() {
    options given;
    given.max_batch_size = max_batch_size_ = 1 + below(8);
    given.max_queue_size = max_queue_size_ = 1 + below(20);
    given.max_batch_size = max_batch_size_ = std::min(max_batch_size_, max_queue_size_);
    given.lanes = lanes_ = 1 + below(3);
    given.max_overtaking = duration::max();
    priorities_ = chance(30);
    if (chance(30)) given.default_deadline = default_deadline_ = 1ms + milliseconds_below(20);
    auto& where = chance(50) ? world_.lanes : world_.callers;
    given.model_executor = where.get_executor();
    return given;
  }

  // ---- what can happen

  void step() {
    switch (below(12)) {
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
        return manual_clock::advance(milliseconds_below(3));
      case 7:
        world_.callers.restart();
        world_.callers.poll_one();
        return;
      case 8:
        world_.lanes.restart();
        world_.lanes.poll_one();
        return;
      case 9:
      case 10:
        return settle();
      default:
        return chance(3) ? stop() : check_counts();
    }
  }

  submit_options random_terms(operation& of) {
    submit_options asked;
    const auto now = of.arrival = manual_clock::now();
    if (priorities_ && chance(30)) of.priority = chance(50) ? 1 : -1;
    asked.priority = static_cast<std::int8_t>(of.priority);
    if (chance(20)) asked.max_wait = milliseconds_below(5);
    of.leave_by = saturating_add(now, asked.max_wait);
    if (chance(60)) {
      of.deadline = saturating_add(now, default_deadline_);
    } else if (chance(20)) {
      asked.deadline = no_deadline;
    } else {
      of.deadline = now + milliseconds_below(20) - (chance(10) ? 1ms : 0ms);
      asked.deadline = of.deadline;
    }
    return asked;
  }

  operation& admit(std::size_t count) {
    operation& made = operations_.emplace_back();
    made.first = inputs_.size();
    made.count = count;
    for (std::size_t i = 0; i < count; ++i) inputs_.push_back({&made, chance(5), false, {}});
    return made;
  }

  void predict(operation& made) const {
    const std::size_t queued = batcher_->stats().queued;
    if (made.count == 0) return;
    if (closed_)
      made.refusal = error::shut_down;
    else if (made.deadline <= manual_clock::now())
      made.refusal = error::expired;
    else if (made.count > max_queue_size_ - queued)
      made.refusal = error::queue_full;
  }

  void submit() {
    if (!batcher_) return;
    operation& made = admit(1);
    const auto asked = random_terms(made);
    predict(made);
    batcher_->async_submit(static_cast<int>(made.first), asked,
                           asio::bind_cancellation_slot(
                               made.signal.slot(), [this, &made](boost::system::error_code why, int result) {
                                 completed(made, why, ints(1, result));
                               }));
    expect(made.calls == 0, "a handler was called inside async_submit");
  }

  void submit_many() {
    if (!batcher_) return;
    operation& made = admit(below(7));
    const auto asked = random_terms(made);
    predict(made);
    ints numbers;
    for (std::size_t i = 0; i < made.count; ++i) numbers.push_back(static_cast<int>(made.first + i));
    batcher_->async_submit_many(
        std::move(numbers), asked,
        asio::bind_cancellation_slot(made.signal.slot(),
                                     [this, &made](boost::system::error_code why, const ints& results) {
                                       completed(made, why, results);
                                     }));
    expect(made.calls == 0, "a handler was called inside async_submit_many");
  }

  void cancel() {
    if (operations_.empty()) return;
    operation& chosen =
        operations_[operations_.size() - 1 - below(std::min<std::size_t>(operations_.size(), 10))];
    if (chosen.calls > 0) return;
    using asio::cancellation_type;
    constexpr cancellation_type types[] = {cancellation_type::none, cancellation_type::total,
                                           cancellation_type::partial, cancellation_type::terminal};
    const auto type = types[below(4)];
    chosen.cancelled_softly |= type == cancellation_type::total;
    chosen.cancelled_hard |= type == cancellation_type::partial || type == cancellation_type::terminal;
    chosen.signal.emit(type);
    expect(chosen.calls == 0, "a handler was called inside emit");
  }

  /// The end comes in several ways.
  void stop() {
    if (!batcher_) return;
    closed_ = true;
    switch (below(depth_ <= 1 ? 4 : 3)) {
      case 0:
        return batcher_->close();
      case 3:
        return batcher_.reset();  // inside its functor, too, but not while another lane waits for this one
      default:
        drains_.emplace_back(0);
        batcher_->async_drain(
            [this, &calls = drains_.back(), before = operations_.size()](boost::system::error_code why) {
              ++calls;
              expect(!why, "a drain failed");
              for (std::size_t i = 0; i < before; ++i)
                expect(operations_[i].calls == 1, "a drain completed before a request admitted earlier");
            });
    }
  }

  // ---- the model

  using item = boost::system::result<int>;

  std::vector<item> run_batch(std::span<int> numbers) {
    ++batches_;
    expect(!numbers.empty(), "an empty batch ran");
    expect(numbers.size() <= max_batch_size_, "a batch is larger than max_batch_size");
    for (const int number : numbers) {
      input& each = inputs_[static_cast<std::size_t>(number)];
      expect(!each.ran, "a request ran twice");
      expect(in_turn(number), "a request ran out of turn");
      expect(each.owner->calls == 0, "a request ran after its completion");
      expect(!each.owner->refusal, "a refused request ran");
      each.ran = true;
    }
    ran_ += numbers.size();
    ++depth_;
    expect(depth_ <= lanes_, "more batches ran at once than there are lanes");
    if (chance(30))
      for (std::size_t i = below(8); i > 0 && broken_.empty(); --i) step();
    if (chance(30)) manual_clock::advance(milliseconds_below(5));
    --depth_;
    return results_of(numbers);
  }

  /// This input is certainly in the queue.
  [[nodiscard]] bool waits(std::size_t i) const {
    const operation& owner = *inputs_[i].owner;
    return !inputs_[i].ran && owner.calls == 0 && !owner.refusal && !owner.cancelled_softly &&
           !owner.cancelled_hard && owner.deadline > manual_clock::now();
  }

  /// Nobody is in the queue who is served before this one.
  [[nodiscard]] bool in_turn(int number) const {
    const auto index = static_cast<std::size_t>(number);
    const operation& mine = *inputs_[index].owner;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const operation& other = *inputs_[i].owner;
      if (!waits(i) || other.priority < mine.priority) continue;
      if (other.priority > mine.priority || due(other) < due(mine)) return false;
      if (due(other) == due(mine) && i < index) return false;
    }
    return true;
  }

  static time_point due(const operation& of) { return std::min(of.deadline, of.arrival + 1s); }

  std::vector<item> results_of(std::span<int> numbers) {
    const auto mark = [&](boost::system::error_code why) {
      for (const int number : numbers) inputs_[static_cast<std::size_t>(number)].batch_error = why;
    };
    if (chance(4)) {
      mark(error::model_failed);
      throw std::runtime_error("simulated");
    }
    if (chance(2)) {
      mark(asio::error::host_unreachable);
      throw boost::system::system_error(asio::error::host_unreachable);
    }
    std::vector<item> results;
    for (const int number : numbers)
      if (inputs_[static_cast<std::size_t>(number)].bad)
        results.emplace_back(asio::error::make_error_code(asio::error::invalid_argument));
      else
        results.emplace_back(result_of(number));
    if (chance(2)) {
      mark(error::result_count_mismatch);
      results.resize(chance(50) ? results.size() + 1 : results.size() - 1, item(0));
    }
    return results;
  }

  static int result_of(int number) { return 3 * number + 1; }

  // ---- the rules

  void expect(bool holds, const char* rule) {
    if (!holds && broken_.empty()) broken_ = std::string(rule) + ", in step " + std::to_string(step_);
  }

  void completed(operation& of, boost::system::error_code why, const ints& results) {
    ++of.calls;
    expect(of.calls == 1, "an operation completed twice");
    if (of.refusal) return expect(why == of.refusal, "a refusal has another reason than expected");
    if (!why) return succeeded(of, results);
    bool plausible = false;
    for (std::size_t i = of.first; i < of.first + of.count; ++i) plausible |= may_end_with(inputs_[i], why);
    expect(plausible, "an error without a cause");
  }

  void succeeded(const operation& of, const ints& results) {
    expect(results.size() == of.count, "a wrong number of results");
    for (std::size_t i = 0; i < results.size(); ++i) {
      const input& each = inputs_[of.first + i];
      expect(each.ran && !each.bad && !each.batch_error, "a success that was none");
      expect(results[i] == result_of(static_cast<int>(of.first + i)), "the result of somebody else");
    }
  }

  [[nodiscard]] bool may_end_with(const input& each, boost::system::error_code why) const {
    if (why == error::expired) return each.owner->deadline <= manual_clock::now();
    if (why == error::shut_down) return closed_ && !each.ran;
    if (why == asio::error::operation_aborted)
      return each.owner->cancelled_hard || (each.owner->cancelled_softly && !each.ran);
    if (!each.ran) return false;
    return each.batch_error ? why == each.batch_error : each.bad && why == asio::error::invalid_argument;
  }

  /// Lets everything run that can at this time; then nobody may wait without need.
  void settle() {
    world_.settle();
    for (const operation& each : operations_)
      expect(each.calls == 1 || each.deadline > manual_clock::now(), "a deadline has passed unnoticed");
    check_counts();
    if (!batcher_) return;
    const stats s = batcher_->stats();
    if (s.busy_lanes == lanes_ || s.queued == 0) return;
    expect(!closed_, "a request waits for company that cannot come");
    expect(s.queued < policy_size_, "a full batch waits while a lane is free");
    expect(s.oldest_age < policy_delay_, "a request waits longer than the delay while a lane is free");
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      expect(!waits(i) || inputs_[i].owner->leave_by > manual_clock::now(),
             "a request waits longer than it wants to while a lane is free");
  }

  void check_counts() {
    if (!batcher_) return;
    const stats s = batcher_->stats();
    expect(adds_up(s), "the counts do not add up");
    expect(s.submitted == inputs_.size(), "a request was not counted");
    expect(s.queued <= max_queue_size_, "the queue is too long");
    expect(s.busy_lanes >= depth_ && s.busy_lanes <= lanes_, "the busy lanes are miscounted");
  }

  void end() {
    for (int i = 0; i < 1000 && broken_.empty() && !world_.idle(); ++i) {
      settle();
      if (const auto next = manual_clock::next_expiry()) manual_clock::advance(*next - manual_clock::now());
    }
    expect(world_.idle(), "something is pending for ever");
    for (const operation& each : operations_) expect(each.calls == 1, "an operation never completed");
    for (const int calls : drains_) expect(calls == 1, "a drain did not complete once");
    if (!batcher_) return;
    check_counts();
    const stats s = batcher_->stats();
    std::uint64_t departed = 0;
    for (const auto count : s.departures) departed += count;
    expect(s.queued + s.running + s.busy_lanes == 0, "something is left");
    expect(s.batches == batches_ && departed == batches_, "the batches are miscounted");
    expect(s.batch_size.sum() == ran_, "the sizes of batches are miscounted");
  }

  std::mt19937_64 random_;
  virtual_world world_;
  std::size_t max_batch_size_ = 1;
  std::size_t max_queue_size_ = 1;
  std::size_t lanes_ = 1;
  duration default_deadline_ = duration::max();
  bool priorities_ = false;
  std::size_t policy_size_ = 1;  // from this size on, and from this age on, a free lane takes a batch
  duration policy_delay_{};

  std::deque<operation> operations_;
  std::deque<input> inputs_;
  std::deque<int> drains_;
  std::size_t depth_ = 0;  // functors that are running, one inside the other
  std::uint64_t batches_ = 0;
  std::uint64_t ran_ = 0;
  bool closed_ = false;
  int step_ = 0;
  std::string broken_;
  std::optional<virtual_batcher<int, int>> batcher_;
};

}  // namespace carpool::test
