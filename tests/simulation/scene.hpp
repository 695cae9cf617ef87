// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What everybody in a simulation knows: who has submitted what, what was configured, and the first rule that
// was broken.

#pragma once

#include <carpool/options.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <simulation/dice.hpp>
#include <support/int_bench.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace carpool::test {

/// One call of async_submit or async_submit_many.
struct operation {
  std::size_t first = 0;  // its inputs are [first, first + count)
  std::size_t count = 1;
  submit_options asked{};
  int step = 0;  // in which it was submitted
  time_point arrival{};
  time_point deadline = never;
  time_point leave_by = never;
  boost::system::error_code refusal;  // known when it is submitted
  bool may_be_full = false;           // whether there is room cannot be told from outside
  bool cancelled_softly = false;      // with total
  bool cancelled_hard = false;        // with terminal or partial
  int calls = 0;
  asio::cancellation_signal signal;
};

/// A batch that failed, and what became of it.
struct failed_batch {
  std::size_t lane = 0;
  std::size_t size = 0;
  bool in_parts = false;    // it is run again in parts
  std::size_t granted = 0;  // re-runs, beside those for lack of memory
  std::size_t used = 0;
  bool open = true;  // there may be more re-runs
  std::size_t misfit_size = 0;
  double misfit_work = 0;
};

/// One request.
struct input {
  operation* owner = nullptr;
  std::size_t content = 0;  // inputs with the same content are equal; that of the first is its number
  double work = 1;
  bool bad = false;     // has an error of its own
  bool poison = false;  // makes every batch fail that it is in
  bool ran = false;
  bool running = false;
  bool served = false;        // a run with it returned
  int served_at = 0;          // in this step
  bool failed_alone = false;  // a run of it alone failed
  int losses = 0;             // batches with it whose device was lost
  bool may_be_lost = false;   // it may be told so
  failed_batch* failure = nullptr;
  boost::system::error_code last_error;  // of the last run with it that failed
};

struct scene {
  explicit scene(std::uint64_t seed) : chance(seed) {}

  void expect(bool holds, const char* rule) {
    if (!holds && broken.empty()) broken = std::string(rule) + ", in step " + std::to_string(step);
  }

  [[nodiscard]] input& of(int number) { return inputs[static_cast<std::size_t>(number)]; }

  /// It holds for this input, or for one that may run in its place.
  template <class Holds>
  [[nodiscard]] bool any_equal(const input& each, Holds holds) const {
    if (!model.shares) return holds(each);
    return std::any_of(inputs.begin(), inputs.end(),
                       [&](const input& other) { return other.content == each.content && holds(other); });
  }

  /// Batches are no larger; the queue cannot hold more.
  [[nodiscard]] std::size_t max_batch() const { return std::min(given.max_batch_size, given.max_queue_size); }

  [[nodiscard]] bool any_lane_left() const {
    for (std::size_t lane = 0; lane < given.lanes; ++lane)
      if (!lost.contains(lane)) return true;
    return false;
  }
  void note_losses() { stranded |= !any_lane_left(); }

  /// This input is in the queue, unless a policy has shed it. Once lanes may have run out that cannot be
  /// told.
  [[nodiscard]] bool waits(const input& each) const {
    const operation& owner = *each.owner;
    return may_wait(each) && !owner.cancelled_softly && !owner.may_be_full && !stranded &&
           owner.deadline > manual_clock::now();
  }

  /// It may be in the queue: perhaps its deadline has not been noticed, or it was running when it was
  /// cancelled softly, and is back.
  [[nodiscard]] static bool may_wait(const input& each) {
    const operation& owner = *each.owner;
    return !each.ran && owner.calls == 0 && !owner.refusal && !owner.cancelled_hard &&
           (!owner.cancelled_softly || each.losses > 0);
  }

  dice chance;
  virtual_world world;
  options given;
  struct {
    bool weighs = false;  // works differ
    bool poisons = false;
    bool shares = false;            // equal inputs share a run
    bool fails = false;             // now and then a batch fails for no reason
    bool loses = false;             // now and then a device is lost
    std::size_t memory = SIZE_MAX;  // requests that fit into it
  } model;

  struct {
    std::size_t size = 1;  // from this size on, and from this age on, a free lane takes a batch
    duration delay{};
    bool adaptive = false;  // or whenever it wants to
  } policy;
  bool ever_adaptive = false;
  bool ever_hung = false;  // batches may have been called hung
  bool in_order = true;    // the service order is that of priority and deadline alone

  bool closed = false;
  bool flushing = false;
  bool aborted = false;
  time_point abort_by = never;

  static constexpr std::size_t most_lanes = 3;
  std::map<std::size_t, int> lost;  // lanes whose device is lost, and the reload that their functors came
                                    // with; -1: perhaps it is not, because they came with another one
  bool stranded = false;            // there may have been a moment without a lane
  bool overfull = false;            // requests may have gone back to a queue that was full

  int newest_reload = 0;
  int oldest_functors = 0;  // no batch is run by functors of an earlier reload

  std::deque<operation> operations;
  std::deque<input> inputs;
  std::size_t depth = 0;  // functors that are running, one inside the other
  std::uint64_t batches = 0;
  std::uint64_t ran = 0;
  std::uint64_t failures = 0;  // batches that failed at first
  int step = 0;
  std::string broken;
  std::optional<virtual_batcher<int, int>> batcher;
};

/// What the model makes of an input.
[[nodiscard]] inline int result_of(const input& each) { return 3 * static_cast<int>(each.content) + 1; }

}  // namespace carpool::test
