// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/error.hpp>

#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>

#include <simulation/retry_ledger.hpp>
#include <simulation/scene.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <new>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace carpool::test {

/// What runs the batches of all lanes, and the rules for batches. While it runs, `meanwhile` happens.
class simulated_model {
 public:
  using item = boost::system::result<int>;

  /// Which functors call.
  struct caller {
    std::size_t lane = 0;
    int reload = 0;              // they came with this one
    bool can_run_again = false;  // the same inputs
  };

  simulated_model(scene& at, std::function<void()> meanwhile)
      : retries(at), at_(at), meanwhile_(std::move(meanwhile)) {}

  std::vector<item> run(const caller& by, std::span<const int> numbers) {
    at_.expect(!numbers.empty(), "an empty batch ran");
    const bool again = at_.of(numbers.front()).ran;
    const std::vector<int> batch(numbers.begin(), numbers.end());
    if (again)
      retries.begin_again(by.lane, batch);
    else
      begin(by, batch);
    retries.enter(batch.front());
    ++at_.depth;
    for (const int number : batch) at_.of(number).running = true;
    if (at_.chance.chance(again ? 10 : 30)) meanwhile_();
    if (at_.chance.chance(30)) manual_clock::advance(at_.chance.milliseconds_below(5));
    for (const int number : batch) at_.of(number).running = false;
    --at_.depth;
    retries.leave();
    return end(by, batch, again);
  }

  retry_ledger retries;

 private:
  void begin(const caller& by, const std::vector<int>& batch) {
    ++at_.batches;
    at_.ran += batch.size();
    at_.expect(batch.size() <= at_.max_batch(), "a batch is larger than max_batch_size");
    at_.expect(by.reload >= at_.oldest_functors, "functors ran that had been replaced");
    check_device(by);
    check_work(batch);
    for (const int number : batch) {
      input& each = at_.of(number);
      at_.expect(!each.ran, "a request ran twice");
      at_.expect(each.losses < 2, "a request ran after it had lost two devices");
      at_.expect(in_turn(number), "a request ran out of turn");
      at_.expect(!each.owner->refusal, "a refused request ran");
      at_.expect(at_.any_equal(each, is_wanted), "a request ran that nobody waits for any more");
      each.ran = true;
    }
    check_sharing(batch);
  }

  /// No batch begins on a lost device.
  void check_device(const caller& by) {
    const auto found = at_.lost.find(by.lane);
    if (found == at_.lost.end()) return;
    at_.expect(found->second < by.reload, "a batch began on a lane whose device was lost");
    at_.lost.erase(found);
  }

  static bool is_wanted(const input& each) {
    const operation& owner = *each.owner;
    const bool cancelled = owner.cancelled_hard || (owner.cancelled_softly && each.losses == 0);
    return owner.calls == 0 && !owner.refusal && !cancelled && owner.deadline > manual_clock::now();
  }

  /// Equal inputs run at the same time only if the first run hangs, or its callers have left.
  void check_sharing(const std::vector<int>& batch) {
    if (!at_.model.shares) return;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const input& each = at_.of(batch[i]);
      for (std::size_t j = 0; j < i; ++j)
        at_.expect(at_.ever_hung || at_.of(batch[j]).content != each.content,
                   "equal inputs ran in one batch");
      const auto is_shared = [](const input& other) { return other.running && is_wanted(other); };
      at_.expect(at_.ever_hung || !at_.any_equal(each, is_shared), "an input ran while an equal one did");
    }
  }

  void check_work(const std::vector<int>& batch) {
    if (batch.size() < 2) return;
    const double cost = retries.cost(batch);
    at_.expect(cost <= at_.given.max_batch_work, "a batch is heavier than max_batch_work");
    if (at_.batcher)
      at_.expect(cost <= at_.batcher->stats().max_batch_work, "a batch is heavier than what was learnt");
  }

  /// Nobody is in the queue who is served before this one. A policy that chooses may pass somebody over.
  [[nodiscard]] bool in_turn(int number) const {
    if (at_.ever_adaptive) return true;
    if (at_.model.shares) return run_in_turn(at_.of(number));
    const auto index = static_cast<std::size_t>(number);
    const input& mine = at_.inputs[index];
    for (std::size_t i = 0; i < at_.inputs.size(); ++i) {
      const input& other = at_.inputs[i];
      if (!at_.waits(other)) continue;
      if (i < index && equals(other, mine) && other.losses + mine.losses == 0) return false;
      const int priority = other.owner->asked.priority - mine.owner->asked.priority;
      if (at_.in_order && (priority > 0 || (priority == 0 && due(other) < due(mine)))) return false;
    }
    return true;
  }

  /// The same for a run that several may share: it is due as early as the first of them, and has the highest
  /// of their priorities. Who certainly waits belongs to a run that has not begun.
  [[nodiscard]] bool run_in_turn(const input& mine) const {
    int priority = mine.owner->asked.priority;
    time_point first_due = due(mine);
    for (const input& each : at_.inputs) {
      if (each.content != mine.content) continue;
      priority = std::max<int>(priority, each.owner->asked.priority);
      first_due = std::min(first_due, due(each));
    }
    const auto has_run = [](const input& other) { return other.ran || other.losses > 0; };
    return !at_.in_order || std::none_of(at_.inputs.begin(), at_.inputs.end(), [&](const input& other) {
      const int above = other.owner->asked.priority - priority;
      return (above > 0 || (above == 0 && due(other) < first_due)) && at_.waits(other) &&
             !at_.any_equal(other, has_run);
    });
  }

  static bool equals(const input& a, const input& b) {
    return a.owner->asked.priority == b.owner->asked.priority && a.owner->asked.key == b.owner->asked.key &&
           a.owner->deadline == b.owner->deadline && a.work == b.work;
  }

  static time_point due(const input& of) { return std::min(of.owner->deadline, of.owner->arrival + 1s); }

  /// The results, or an exception.
  std::vector<item> end(const caller& by, const std::vector<int>& batch, bool again) {
    const auto fails_with = [&](boost::system::error_code why) {
      if (again)
        retries.failed_again(batch, why);
      else
        retries.failed(by.lane, batch, why, by.can_run_again);
    };
    if (at_.model.loses && at_.chance.chance(3)) {
      if (!again) retries.failed(by.lane, batch, error::device_lost, /*can_run_again=*/false);
      lose_device(by, retries.unjudged(batch.front()));
      throw device_lost();
    }
    const auto poisoned = [this](int number) { return at_.of(number).poison; };
    if (batch.size() > at_.model.memory || (at_.model.fails && at_.chance.chance(1))) {
      fails_with(error::out_of_memory);
      if (batch.size() % 2 == 0) throw std::bad_alloc();
      throw out_of_memory();
    }
    if (std::any_of(batch.begin(), batch.end(), poisoned) || (at_.model.fails && at_.chance.chance(4))) {
      fails_with(error::model_failed);
      throw std::runtime_error("simulated");
    }
    if (at_.model.fails && at_.chance.chance(2)) {
      fails_with(asio::error::host_unreachable);
      throw boost::system::system_error(asio::error::host_unreachable);
    }
    auto results = results_of(batch);
    if (at_.model.fails && at_.chance.chance(2)) {
      fails_with(error::result_count_mismatch);
      results.resize(at_.chance.chance(50) ? results.size() + 1 : results.size() - 1, item(0));
      return results;
    }
    for (const int number : batch) {
      at_.of(number).served = true;
      at_.of(number).served_at = at_.step;
    }
    if (!again) retries.succeeded(batch);
    return results;
  }

  /// With this batch, whose members get one chance more if there is a lane for it.
  void lose_device(const caller& by, const std::vector<int>& batch) {
    for (std::size_t lane = by.lane % at_.given.devices; lane < scene::most_lanes; lane += at_.given.devices)
      at_.lost.emplace(lane, at_.newest_reload == 0 && lane < at_.given.lanes ? 0 : -1);
    at_.lost[by.lane] = by.reload;
    at_.note_losses();
    at_.overfull = true;
    for (const int number : batch) {
      input& each = at_.of(number);
      const bool again = by.can_run_again && at_.any_lane_left() && each.losses == 0;
      ++each.losses;
      each.may_be_lost = !again || at_.closed;
      each.owner->may_be_full |= each.may_be_lost;  // whether it waits again cannot be told
      each.ran = false;
      each.failure = nullptr;
      each.failed_alone = false;
    }
  }

  [[nodiscard]] std::vector<item> results_of(const std::vector<int>& batch) const {
    std::vector<item> results;
    for (const int number : batch)
      if (at_.of(number).bad)
        results.emplace_back(asio::error::make_error_code(asio::error::invalid_argument));
      else
        results.emplace_back(result_of(at_.of(number)));
    return results;
  }

  scene& at_;
  std::function<void()> meanwhile_;
};

// ---- functors by what they do to their inputs

/// Which can be given to them once.
struct consuming_functor {
  static constexpr bool can_run_again = false;
  simulated_model* model;
  std::size_t lane;
  int reload;
  auto operator()(std::span<int> numbers) const { return model->run({lane, reload, false}, numbers); }
};

/// Nothing.
struct reading_functor {
  simulated_model* model;
  std::size_t lane;
  int reload;
  auto operator()(std::span<const int> numbers) const { return model->run({lane, reload, true}, numbers); }
};

/// They spoil them, so that re-runs need copies.
struct spoiling_functor {
  simulated_model* model;
  std::size_t lane;
  int reload;
  auto operator()(std::span<int> numbers) const {
    const std::vector<int> batch(numbers.begin(), numbers.end());
    std::fill(numbers.begin(), numbers.end(), -1);
    return model->run({lane, reload, true}, batch);
  }
};

}  // namespace carpool::test
