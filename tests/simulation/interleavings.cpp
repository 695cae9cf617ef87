// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Every order in which a few things can happen to a batcher, without exception: submissions, a cancellation,
// the clock, one step of the callers' context, one step of the lanes', close and drain. Steps of a lane stop
// where the lock is released, so these are the interleavings of the protocol between submit, timer, lanes and
// close.

#include <carpool/scheduling/eager.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>

#include <support/doctest.hpp>
#include <support/virtual_world.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

using namespace carpool;
using namespace carpool::test;
namespace asio = boost::asio;

namespace {

enum class act { submit, submit_with_deadline, cancel, tick, caller_step, lane_step, close, drain };
constexpr std::size_t kinds = 8;
constexpr const char* names[kinds] = {
    "submit", "submit_with_deadline", "cancel", "tick", "caller_step", "lane_step", "close", "drain"};

/// A batcher of two lanes and batches of two, to which the acts happen one after the other.
class stage {
 public:
  template <class Policy>
  explicit stage(Policy policy) {
    batcher_.emplace(
        world_.callers, world_.running_here({.max_batch_size = 2, .max_queue_size = 3, .lanes = 2}),
        [this](std::span<int> inputs) {
          std::vector<int> results;
          for (const int input : inputs) {
            ++runs_[static_cast<std::size_t>(input)];
            results.push_back(input + 100);
          }
          return results;
        },
        std::move(policy));
  }

  void perform(act what) {
    switch (what) {
      case act::submit:
        return submit({});
      case act::submit_with_deadline:
        return submit({.deadline = 1ms});
      case act::cancel:
        return operations_[0].signal.emit(asio::cancellation_type::terminal);
      case act::tick:
        return manual_clock::advance(1ms);
      case act::caller_step:
        world_.callers.restart();
        world_.callers.poll_one();
        return;
      case act::lane_step:
        world_.lanes.restart();
        world_.lanes.poll_one();
        return;
      case act::close:
        return batcher_->close();
      case act::drain:
        ++drains_;
        return batcher_->async_drain([this](boost::system::error_code why) {
          if (!why) ++drained_;
        });
    }
  }

  /// Lets everything end; what is wrong then, or nothing.
  std::string verdict() {
    for (int i = 0; i < 10 && !world_.idle(); ++i) world_.advance(5ms);
    if (!world_.idle()) return "something is pending for ever";
    for (std::size_t i = 0; i < submitted_; ++i) {
      const operation& each = operations_[i];
      if (each.calls != 1)
        return "request " + std::to_string(i) + " completed " + std::to_string(each.calls) + " times";
      if (runs_[i] > 1) return "request " + std::to_string(i) + " ran twice";
      if (!each.why && (runs_[i] != 1 || each.result != static_cast<int>(i) + 100)) return "a wrong result";
    }
    if (drained_ != drains_) return "a drain did not complete";
    const stats s = batcher_->stats();
    const auto ended = s.succeeded + s.failed + s.rejected + s.expired + s.cancelled + s.shut_down;
    if (s.submitted != submitted_ || ended != submitted_ || s.queued + s.running + s.busy_lanes > 0)
      return "the counts do not add up";
    return {};
  }

 private:
  static constexpr std::size_t most = 10;

  struct operation {
    asio::cancellation_signal signal;
    boost::system::error_code why;
    int result = 0;
    int calls = 0;
  };

  void submit(submit_options asked) {
    operation& mine = operations_[submitted_];
    batcher_->async_submit(
        static_cast<int>(submitted_++), asked,
        asio::bind_cancellation_slot(mine.signal.slot(), [&mine](boost::system::error_code why, int result) {
          mine.why = why;
          mine.result = result;
          ++mine.calls;
        }));
  }

  virtual_world world_;
  std::array<operation, most> operations_;
  std::array<int, most> runs_{};
  std::size_t submitted_ = 0;
  int drains_ = 0;
  int drained_ = 0;
  std::optional<virtual_batcher<int, int>> batcher_;
};

std::string story(std::span<const act> acts) {
  std::string told;
  for (const act each : acts)
    told += std::string(told.empty() ? "" : ", ") + names[static_cast<std::size_t>(each)];
  return told;
}

/// Tries every sequence of so many acts; how many there were.
template <class Policy>
std::size_t try_all(std::size_t length, Policy policy) {
  std::size_t tried = 0;
  std::vector<act> acts(length);
  const auto choose = [&](auto&& self, std::size_t at) -> void {
    if (at < length) {
      for (std::size_t kind = 0; kind < kinds; ++kind) {
        acts[at] = static_cast<act>(kind);
        self(self, at + 1);
      }
      return;
    }
    ++tried;
    stage scene(policy);
    for (const act each : acts) scene.perform(each);
    const std::string wrong = scene.verdict();
    if (!wrong.empty()) FAIL("after ", story(acts), ": ", wrong);
  };
  choose(choose, 0);
  return tried;
}

#ifdef NDEBUG
constexpr std::size_t length = 6;
#else
constexpr std::size_t length = 4;  // with sanitizers and assertions it takes so much longer
#endif

std::size_t all_of(std::size_t n) { return n == 0 ? 1 : kinds * all_of(n - 1); }

}  // namespace

TEST_CASE("every order of a few events ends well, with a policy that never waits") {
  CHECK(try_all(length, eager{}) == all_of(length));
}

TEST_CASE("every order of a few events ends well, with a policy that waits for company") {
  CHECK(try_all(length, size_or_timeout{2, 1ms}) == all_of(length));
}
