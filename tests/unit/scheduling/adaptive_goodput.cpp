// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What `adaptive` achieves under Poisson traffic: some seconds of a virtual clock with batches of
// 5 ms + 0.2 ms per request, 3 % noise and now and then a stall. Deterministic for a given standard library;
// the thresholds leave room for another one.

#include <carpool/scheduling/adaptive.hpp>
#include <carpool/scheduling/batch_scheduler.hpp>
#include <carpool/scheduling/eager.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

struct setting {
  std::size_t lanes = 4;
  double slack = 25;             ///< ms
  double rate = 1;               ///< requests per ms
  bool one_device = false;       ///< batches share it; together they get 1.15 times as much done
  double changes_at = infinite;  ///< from then on batches take 1.6 times as long, ms
};

/// Lanes whose batches get done side by side, and a scheduler that is told about it. Times in ms.
class simulated_lanes {
 public:
  simulated_lanes(const setting& world, any_policy policy)
      : world_(world),
        scheduler_({.max_batch_size = 64, .lanes = world.lanes}, {.max_size = 1'000'000}, std::move(policy)),
        left_(world.lanes, infinite) {}

  /// The share of the requests of the time [from, until) that are answered in time.
  double goodput(double from, double until) {
    from_ = from;
    until_ = until;
    double arrival = next_gap();
    while (now_ < until + 100) {
      const double end = now_ + *std::min_element(left_.begin(), left_.end()) / speed();
      advance(std::min({end, arrival, wake_}));
      if (now_ == arrival) {
        admit();
        arrival = now_ + next_gap();
      } else if (now_ == end) {
        finish();
      }
      obey();
    }
    return in_time_ / arrived_;
  }

 private:
  double next_gap() { return std::exponential_distribution<double>(world_.rate)(arrivals_); }
  [[nodiscard]] bool counts(double arrival) const { return arrival >= from_ && arrival < until_; }
  [[nodiscard]] double speed() const {
    return world_.one_device && busy_ > 1 ? 1.15 / static_cast<double>(busy_) : 1;
  }
  [[nodiscard]] time_point clock() const { return timeline{at({})}.point(now_); }

  void advance(double to) {
    for (double& left : left_) left -= (to - now_) * speed();
    now_ = to;
  }

  void admit() {
    if (counts(now_)) ++arrived_;
    const time_point now = clock();
    scheduler_.reserve(1);
    scheduler_.admit({.arrival = now,
                      .deadline = now + timeline{time_point{}}.point(world_.slack).time_since_epoch(),
                      .handle = this});
  }

  void finish() {
    const auto lane = static_cast<std::size_t>(std::min_element(left_.begin(), left_.end()) - left_.begin());
    for (const auto& member : scheduler_.batch(lane).members()) {
      const bool in_time = clock() <= member.deadline;
      if (in_time && counts(timeline{at({})}.milliseconds(member.arrival))) ++in_time_;
    }
    left_[lane] = infinite;
    --busy_;
    scheduler_.finish(lane, clock(), false, [](std::size_t, void*) { return true; });
  }

  void obey() {
    const auto leave = [](void*, outcome) {};
    for (;;) {
      const auto step = scheduler_.next(clock(), leave);
      wake_ = std::max(now_, timeline{at({})}.milliseconds(step.wake_at)) + timer_delay_(service_);
      if (!step.dispatchable) return;
      const auto lane =
          static_cast<std::size_t>(std::find(left_.begin(), left_.end(), infinite) - left_.begin());
      if (!scheduler_.start(lane, clock(), leave)) return;
      if (!scheduler_.seal(
              lane, clock(), [](void*, outcome) {}, [](std::size_t) {}))
        continue;
      left_[lane] = batch_time(static_cast<double>(scheduler_.batch(lane).members().size()));
      ++busy_;
    }
  }

  double batch_time(double size) {
    const double stall = chance_(service_) < 0.001 ? 2 : 1;
    return (5 + 0.2 * size) * std::exp(0.03 * noise_(service_)) * stall *
           (now_ < world_.changes_at ? 1 : 1.6);
  }

  setting world_;
  batch_scheduler scheduler_;
  std::vector<double> left_;  // of each lane's batch, if it were alone
  std::size_t busy_ = 0;
  double now_ = 0, wake_ = infinite;
  double from_ = 0, until_ = 0, arrived_ = 0, in_time_ = 0;
  std::mt19937_64 arrivals_{1}, service_{2};
  std::normal_distribution<double> noise_;
  std::uniform_real_distribution<double> chance_{0, 1}, timer_delay_{0, 0.06};
};

template <class Policy = adaptive>
double goodput(const setting& world, double from = 1000, double until = 5000) {
  return simulated_lanes(world, any_policy(Policy{})).goodput(from, until);
}

constexpr double four_lanes = 14.38, one_lane = 2.98, four_lanes_tight = 9.36;  // what they carry, per ms

}  // namespace

TEST_CASE("one lane serves all in time at a moderate load and sheds what is too much") {
  CHECK(goodput({.lanes = 1, .rate = 0.6 * one_lane}) > 0.995);
  CHECK(goodput({.lanes = 1, .rate = 0.95 * one_lane}) > 0.95);
  CHECK(goodput({.lanes = 1, .rate = 1.1 * one_lane}) > 0.87);
}

TEST_CASE("independent lanes are spaced: in time close to their limit, where eager ones fail") {
  CHECK(goodput({.rate = 0.6 * four_lanes}) > 0.995);
  CHECK(goodput({.rate = 0.95 * four_lanes}) > 0.97);
  CHECK(goodput({.rate = 1.1 * four_lanes}) > 0.85);
  CHECK(goodput({.slack = 12, .rate = 0.6 * four_lanes_tight}) > 0.99);
  CHECK(goodput({.slack = 12, .rate = 0.95 * four_lanes_tight}) > 0.9);
  CHECK(goodput<eager>({.slack = 12, .rate = 0.95 * four_lanes_tight}) < 0.5);
}

TEST_CASE("lanes that share a device do not crowd it, where eager ones drown it") {
  CHECK(goodput({.rate = 0.6 * one_lane, .one_device = true}) > 0.99);
  CHECK(goodput({.rate = 0.95 * one_lane, .one_device = true}) > 0.95);
  CHECK(goodput<eager>({.rate = 0.6 * one_lane, .one_device = true}) < 0.3);
}

TEST_CASE("the first two seconds are nearly as good as those after") {
  CHECK(goodput({.rate = 0.8 * four_lanes}, 0, 2000) > 0.96);
  CHECK(goodput({.rate = 0.8 * one_lane, .one_device = true}, 0, 2000) > 0.96);
}

TEST_CASE("a machine that becomes slower costs little while that is learnt") {
  CHECK(goodput({.rate = 0.3 * four_lanes, .changes_at = 3000}, 2000, 6000) > 0.98);
}
