// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/adaptive.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

/// `adaptive` and a queue in any order, in the hands of dice: odd times, odd works, bounds that change.
class random_service {
 public:
  explicit random_service(std::uint64_t seed) : dice_(seed) {
    scale_ = std::pow(10.0, static_cast<double>(below(12)));  // of durations, in ns
    max_lanes_ = 1 + below(5);
    bounds_.lanes = max_lanes_;
    busy_.resize(max_lanes_);
    change_bounds();
  }

  std::string run(int steps) {
    for (int i = 0; i < steps && broken_.empty(); ++i) {
      step();
      ask();
    }
    return broken_;
  }

 private:
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(dice_() % limit); }
  bool chance(unsigned percent) { return below(100) < percent; }
  duration some_time() {
    if (chance(30)) return 0ns;
    return duration(static_cast<duration::rep>(static_cast<double>(below(1000)) / 100 * scale_));
  }
  void expect(bool holds, const char* rule) {
    if (!holds && broken_.empty()) broken_ = rule;
  }

  void change_bounds() {
    bounds_.max_batch_size = chance(10) ? std::numeric_limits<std::size_t>::max() : 1 + below(20);
    bounds_.max_batch_work = chance(70) ? std::numeric_limits<double>::infinity() : 10;
    bounds_.batch_work = chance(60) ? &total_work : &padded_work;
    bounds_.lanes = 1 + below(max_lanes_);
  }

  double some_work() {
    constexpr double odd[] = {0, 1e300, 1e-300, 1e9};
    return chance(2) ? odd[below(4)] : chance(50) ? 1 : static_cast<double>(below(100)) / 10;
  }

  void arrive() {
    for (std::size_t i = 1 + below(5); i > 0; --i) {
      waiting_request request = waiting(0, now_ - (chance(5) ? 3ns : 0ns));
      if (chance(60)) request.deadline = saturating_add(now_, some_time() + 1ns);
      if (chance(3)) request.deadline = never - 1ns;
      if (chance(10)) request.leave_by = saturating_add(now_, some_time());
      request.work = some_work();
      request.priority = static_cast<std::int8_t>(chance(20) ? below(3) : 0);
      request.fair_tag = chance(10) ? static_cast<double>(below(5)) : 0;
      join(queue_, request);
      policy_.on_arrival(request);
    }
  }

  void step() {
    switch (below(8)) {
      case 0:
      case 1:
      case 2:
        return arrive();
      case 3:
        return remove();
      case 4:
        return chance(10) ? change_bounds() : void(now_ += some_time());
      default:
        now_ += some_time();
        const std::size_t lane = below(max_lanes_);
        if (!busy_[lane]) return;
        busy_[lane] = false;
        policy_.on_done(lane, now_, chance(5));
    }
  }

  void remove() {
    std::size_t removed = 0;
    queue_.erase_if([&](const waiting_request& each) { return each.deadline <= now_ || chance(5); },
                    [&](const waiting_request&) { ++removed; });
    if (removed > 0) policy_.on_removed(removed, now_);
  }

  std::size_t take(positions which) {
    batch_.clear();
    for (std::size_t i = 0; i < which.size(); ++i) {
      expect(which[i] < queue_.size(), "a position is beyond the queue");
      expect(i == 0 || which[i] > which[i - 1], "positions do not ascend");
    }
    if (broken_.empty())
      queue_.extract(which, [&](std::span<const waiting_request> requests) {
        batch_.insert(batch_.end(), requests.begin(), requests.end());
      });
    return batch_.size();
  }

  /// Obeys until the policy wants nothing more now.
  void ask() {
    for (std::size_t turns = queue_.size() + max_lanes_ + 2; broken_.empty(); --turns) {
      std::size_t free = 0;
      for (std::size_t i = 0; i < bounds_.lanes; ++i) free += busy_[i] ? 0U : 1U;
      if (queue_.empty() || free == 0) return;
      expect(turns > 0, "the policy never comes to an end");
      const action wanted = policy_.decide(now_, queue_view(queue_, bounds_, closed_), free);
      if (const auto* unwanted = std::get_if<shed>(&wanted)) {
        expect(take(unwanted->which) > 0, "nobody is shed");
        for (const auto& each : batch_) expect(each.deadline != never, "a request that can wait is shed");
        policy_.on_removed(batch_.size(), now_);
      } else if (const auto* leaving = std::get_if<dispatch>(&wanted)) {
        send(*leaving);
      } else {
        return check_wait(wanted);
      }
    }
  }

  void send(const dispatch& leaving) {
    const std::size_t count = take(leaving.which);
    expect(count > 0 && count <= bounds_.max_batch_size, "a batch is empty or too large");
    std::vector<double> works;
    for (const auto& each : batch_) works.push_back(each.work);
    expect(count == 1 || bounds_.batch_work(works) <= bounds_.max_batch_work, "a batch has too much work");
    std::size_t lane = 0;
    while (busy_[lane]) ++lane;
    busy_[lane] = true;
    policy_.on_dispatch(lane, batch_, now_);
  }

  void check_wait(const action& wanted) {
    const auto* wait = std::get_if<wait_until>(&wanted);
    const time_point until = wait == nullptr ? never : wait->when;
    expect(until > now_, "a wait ends before it begins");
    time_point promised = never;
    for (std::size_t i = 0; i < queue_.size(); ++i) promised = std::min(promised, queue_[i].leave_by);
    expect(promised > now_ && until <= promised, "a wait breaks a promise");
    const bool any_running = std::find(busy_.begin(), busy_.end(), true) != busy_.end();
    expect(any_running || wait != nullptr, "everybody waits for nothing");
    expect(any_running || !closed_, "a request waits for company that cannot come");
  }

  std::mt19937_64 dice_;
  adaptive policy_;
  wait_queue queue_;
  limits bounds_;
  std::size_t max_lanes_ = 1;
  std::vector<bool> busy_;
  std::vector<waiting_request> batch_;
  bool closed_ = chance(10);
  time_point now_ = at(0ms);
  double scale_ = 1;
  std::string broken_;
};

}  // namespace

TEST_CASE("adaptive keeps every rule whatever happens") {
#ifdef NDEBUG
  constexpr std::uint64_t seeds = 3000;
#else
  constexpr std::uint64_t seeds = 500;  // sanitizers are slow
#endif
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const std::string broken = random_service(seed).run(300);
    CHECK_MESSAGE(broken == "", "seed ", seed);
  }
}
