// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/adaptive.hpp>
#include <carpool/scheduling/batch_scheduler.hpp>
#include <carpool/scheduling/size_or_timeout.hpp>

#include <support/doctest.hpp>
#include <support/scheduler_bench.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <random>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;
using namespace std::chrono_literals;

TEST_CASE("a request goes through: queued, running, succeeded") {
  scheduler_bench b;
  CHECK(!b.next(0ms).dispatchable);
  b.admit(1, 0ms);
  CHECK(b.now().queued == 1);
  CHECK(b.next(0ms).dispatchable);
  REQUIRE(b.start(2ms));
  CHECK(b.members() == numbers{1});
  CHECK(b.now().running == 1);
  CHECK(b.now().busy_lanes == 1);
  CHECK(b.seal(2ms));
  CHECK(b.finish(7ms) == numbers{1});
  const stats s = b.now();
  CHECK(s.succeeded == 1);
  CHECK(s.batches == 1);
  CHECK(s.departed(departure::lane_free) == 1);
  CHECK(s.busy_lanes == 0);
  CHECK(s.queue_time.sum() == 2'000'000);
  CHECK(s.execution_time.sum() == 5'000'000);
  CHECK(b.left.empty());
}

TEST_CASE("while every lane is busy the queue gathers, and a free one takes the oldest") {
  scheduler_bench b;
  for (std::size_t i = 0; i < 1; ++i) b.admit(i);
  REQUIRE(b.start(0ms));
  for (std::size_t i = 1; i < 7; ++i) b.admit(i);
  CHECK(!b.next(0ms).dispatchable);
  CHECK(b.seal(0ms));
  b.finish(1ms);
  CHECK(b.next(1ms).dispatchable);
  REQUIRE(b.start(1ms));
  CHECK(b.members() == numbers{1, 2, 3, 4});
  CHECK(b.now().queued == 2);
}

TEST_CASE("several lanes run side by side") {
  scheduler_bench b({2, 5ms, 2});
  for (std::size_t i = 0; i < 5; ++i) b.admit(i);
  REQUIRE(b.start(0ms, 0));
  CHECK(b.next(0ms).dispatchable);
  REQUIRE(b.start(0ms, 1));
  CHECK(!b.next(0ms).dispatchable);
  CHECK(b.members(0) == numbers{0, 1});
  CHECK(b.members(1) == numbers{2, 3});
  CHECK(b.now().busy_lanes == 2);
  CHECK(b.seal(0ms, 1));
  CHECK(b.finish(1ms, false, 1) == numbers{2, 3});
  REQUIRE(b.start(1ms, 1));
  CHECK(b.members(1) == numbers{4});
}

TEST_CASE("a start that the policy does not want takes nothing") {
  scheduler_bench b({4, 5ms, 1}, {}, any_policy(size_or_timeout{}));
  CHECK(!b.start(0ms));
  b.admit(1, 0ms);
  CHECK(!b.start(1ms));
  CHECK(b.next(1ms).wake_at == at(5ms));
  CHECK(b.start(5ms));
}

TEST_CASE("B15: an expired request is not in the batch that starts at its deadline") {
  scheduler_bench b;
  b.admit(1, 0ms, at(3ms));
  b.admit(2, 0ms);
  REQUIRE(b.start(3ms));
  CHECK(b.members() == numbers{2});
  CHECK(b.left == departures{{1, outcome::expired}});
}

TEST_CASE("who leaves while the lane collects goes at the seal") {
  scheduler_bench b;
  b.admit(1);
  b.admit(2);
  REQUIRE(b.start(0ms));
  b.cancel(2);
  CHECK(b.left.empty());
  CHECK(b.now().running == 2);
  CHECK(b.seal(0ms));
  CHECK(b.left == departures{{2, outcome::cancelled}});
  CHECK(b.now().running == 1);
  CHECK(b.now().batch_size.sum() == 1);
  CHECK(b.finish(1ms) == numbers{1});
}

TEST_CASE("B19: a batch that everybody has left before its run is over without one") {
  scheduler_bench b;
  b.admit(1);
  b.admit(2, 0ms, at(1ms));
  REQUIRE(b.start(0ms));
  b.cancel(1);
  CHECK(!b.next(1ms).dispatchable);
  CHECK(!b.seal(1ms));
  CHECK(b.left == departures{{1, outcome::cancelled}, {2, outcome::expired}});
  CHECK(b.now().batches == 0);
  CHECK(b.now().busy_lanes == 0);
  CHECK(b.scheduler.empty());
}

TEST_CASE("a failed batch counts its members as failed") {
  scheduler_bench b;
  b.admit(1);
  b.admit(2);
  REQUIRE(b.start(0ms));
  CHECK(b.seal(0ms));
  CHECK(b.finish(1ms, true) == numbers{1, 2});
  CHECK(b.now().failed == 2);
  CHECK(b.now().batches == 1);
}

TEST_CASE("a scheduler that takes no more requests lets those who wait leave at once") {
  scheduler_bench b({4, 1h, 1}, {}, any_policy(size_or_timeout{}));
  b.admit(1);
  CHECK(!b.next(0ms).dispatchable);
  b.scheduler.stop_accepting();
  CHECK(b.next(0ms).dispatchable);
  REQUIRE(b.start(0ms));
  CHECK(b.scheduler.batch(0).reason() == departure::drain);
}

TEST_CASE("requests that a policy sheds expire, and it is asked again") {
  numbers doomed;
  const auto rule = [&](time_point, const queue_view& queue, std::size_t) -> action {
    doomed.clear();
    for (std::size_t i = 0; i < queue.size(); ++i)
      if (number_of(queue[i].handle) % 2 == 1) doomed.push_back(i);
    if (!doomed.empty()) return shed{positions::list(doomed)};
    return dispatch{positions::run(0, queue.size()), departure::lane_free};
  };
  scheduler_bench b({4, 5ms, 1}, {}, any_policy(scripted{rule}));
  for (std::size_t i = 0; i < 4; ++i) b.admit(i);
  CHECK(b.next(0ms).dispatchable);
  CHECK(b.left == departures{{1, outcome::expired}, {3, outcome::expired}});
  REQUIRE(b.start(0ms));
  CHECK(b.members() == numbers{0, 2});
  b.left.clear();
  CHECK(b.seal(0ms));
  b.finish(0ms);
  b.admit(5);
  CHECK(!b.next(0ms).dispatchable);
  CHECK(b.left == departures{{5, outcome::expired}});
}

TEST_CASE("a policy may pick any positions for a batch") {
  static constexpr std::size_t spread[] = {1, 3};
  const auto rule = [](time_point, const queue_view& queue, std::size_t) -> action {
    if (queue.size() < 4) return idle{};
    return dispatch{positions::list(spread), departure::deadline};
  };
  scheduler_bench b({4, 5ms, 1}, {}, any_policy(scripted{rule}));
  for (std::size_t i = 0; i < 4; ++i) b.admit(i);
  REQUIRE(b.start(0ms));
  CHECK(b.members() == numbers{1, 3});
  CHECK(b.scheduler.batch(0).reason() == departure::deadline);
  CHECK(b.now().queued == 2);
}

TEST_CASE("a batch is never larger than the queue can hold") {
  std::size_t seen = 0;
  const auto rule = [&](time_point, const queue_view& queue, std::size_t) -> action {
    seen = queue.bounds().max_batch_size;
    return idle{};
  };
  scheduler_bench b({100, 5ms, 1}, {3}, any_policy(scripted{rule}));
  b.admit(1);
  CHECK(!b.next(0ms).dispatchable);
  CHECK(seen == 3);
}

TEST_CASE("B32: a batch costs no more than max_batch_work, and a heavier item runs alone") {
  scheduler_bench b({8, 5ms, 1, 10});
  const double works[] = {4, 6, 1, 25, 10};
  for (std::size_t i = 0; i < 5; ++i) {
    waiting_request request = waiting(i);
    request.work = works[i];
    b.admit(request);
  }
  REQUIRE(b.start(0ms));
  CHECK(b.members() == numbers{0, 1});
  CHECK(b.scheduler.batch(0).reason() == departure::full);
  CHECK(b.seal(0ms));
  b.finish(0ms);
  CHECK(b.run(0ms) == numbers{2});
  CHECK(b.run(0ms) == numbers{3});
  CHECK(b.run(0ms) == numbers{4});
}

TEST_CASE("padding counts where the model pads") {
  scheduler_bench b({8, 5ms, 1, 12, &padded_work});
  const double works[] = {3, 2, 5, 1};
  for (std::size_t i = 0; i < 4; ++i) {
    waiting_request request = waiting(i);
    request.work = works[i];
    b.admit(request);
  }
  CHECK(b.run(0ms) == numbers{0, 1});  // a third would make it 15
  CHECK(b.run(0ms) == numbers{2, 3});
}

TEST_CASE("the bound on work trims what a policy picks from anywhere, too") {
  static constexpr std::size_t spread[] = {1, 2, 4};
  const auto rule = [](time_point, const queue_view& queue, std::size_t) -> action {
    if (queue.size() < 5) return idle{};
    return dispatch{positions::list(spread), departure::deadline};
  };
  scheduler_bench b({8, 5ms, 1, 2}, {}, any_policy(scripted{rule}));
  for (std::size_t i = 0; i < 5; ++i) b.admit(i);
  CHECK(b.run(0ms) == numbers{1, 2});
}

TEST_CASE("of those that a policy sends only as many leave as max_batch_size allows, the first of them") {
  const auto everybody = [](time_point, const queue_view& queue, std::size_t) -> action {
    return dispatch{positions::run(1, queue.size() - 1), departure::lane_free};
  };
  scheduler_bench b({2, 5ms, 1}, {}, any_policy(scripted{everybody}));
  for (std::size_t i = 0; i < 5; ++i) b.admit(i);
  REQUIRE(b.start(0ms));
  CHECK(b.members() == numbers{1, 2});
  CHECK(b.scheduler.batch(0).reason() == departure::full);
}

TEST_CASE("a batch that ran out of memory makes the next ones half as heavy, and good ones heavier again") {
  scheduler_bench b({64, 5ms, 1});
  std::size_t next = 0;
  const auto fill = [&] {
    while (b.now().queued < 64) b.admit(next++);
  };
  fill();
  REQUIRE(b.start(0ms));
  CHECK(b.seal(0ms));
  CHECK(b.scheduler.cost_of(b.scheduler.batch(0).members()) == 64);
  b.scheduler.report_out_of_memory(64);
  b.finish(0ms, true);
  CHECK(b.now().max_batch_work == 32);
  fill();
  CHECK(b.run(0ms).size() == 32);
  CHECK(b.now().max_batch_work == 33);
  b.reconfigure({64, 5ms, 1, 20});
  CHECK(b.now().max_batch_work == 20);
  b.reconfigure({64, 5ms, 1});
  CHECK(b.now().max_batch_work == 33);  // what was learnt stays
}

TEST_CASE("B11: the scheduler asks to be woken when a batch has run too long, and names its lane once") {
  scheduler_bench b({4, 5ms, 2}, {.hung_after = 100ms});
  b.admit(1);
  REQUIRE(b.start(0ms, 1));
  CHECK(b.seal(0ms, 1));
  CHECK(b.next(0ms).wake_at == at(100ms));
  CHECK(!b.next(99ms).hung_lane);
  const next_step step = b.next(100ms);
  CHECK(step.hung_lane == 1U);
  CHECK(step.wake_at == never);
  CHECK(!b.next(200ms).hung_lane);
  CHECK(b.now(200ms).longest_running == 200ms);
}

TEST_CASE("B11: when the first batch hangs the other lanes go on") {
  scheduler_bench b({4, 5ms, 2}, {.hung_after = 100ms}, any_policy(adaptive{}));
  b.admit(1);
  REQUIRE(b.start(0ms));
  CHECK(b.seal(0ms));
  b.admit(2);
  CHECK(!b.next(99ms).dispatchable);  // the first batches run alone
  CHECK(b.next(100ms).dispatchable);
  CHECK(b.run(100ms, 1) == numbers{2});
  CHECK(b.finish(200ms) == numbers{1});
  b.admit(3, 200ms);
  REQUIRE(b.start(200ms));
  b.admit(4, 200ms);
  CHECK(!b.next(200ms).dispatchable);
}

TEST_CASE("B11: without a bound no batch is hung") {
  scheduler_bench b;
  b.admit(1);
  REQUIRE(b.start(0ms));
  CHECK(b.next(1000h).wake_at == never);
  CHECK(!b.next(1000h).hung_lane);
}

TEST_CASE("a smaller queue keeps those who wait, in their order, and takes no more until they have left") {
  scheduler_bench b({2, 5ms, 1});
  for (std::size_t i = 0; i < 5; ++i) b.admit(i);
  b.reconfigure({2, 5ms, 1}, {.max_size = 3});
  CHECK(b.scheduler.room() == 0);
  CHECK(b.why_not(waiting(9)) == outcome::rejected);
  CHECK(b.run(0ms) == numbers{0, 1});
  CHECK(b.scheduler.room() == 0);
  CHECK(b.run(0ms) == numbers{2, 3});
  CHECK(b.scheduler.room() == 2);
}

TEST_CASE("a new batch size holds from the next batch on") {
  scheduler_bench b({4, 5ms, 1});
  for (std::size_t i = 0; i < 6; ++i) b.admit(i);
  b.reconfigure({1, 5ms, 1});
  CHECK(b.run(0ms) == numbers{0});
  b.reconfigure({8, 5ms, 1});
  CHECK(b.run(0ms) == numbers{1, 2, 3, 4, 5});
}

TEST_CASE("lanes may be added and taken away while they run") {
  scheduler_bench b({1, 5ms, 2});
  for (std::size_t i = 0; i < 4; ++i) b.admit(i);
  REQUIRE(b.start(0ms, 0));
  CHECK(b.seal(0ms, 0));
  REQUIRE(b.start(0ms, 1));
  CHECK(b.seal(0ms, 1));
  CHECK(!b.next(0ms).dispatchable);
  b.reconfigure({1, 5ms, 3}, {}, 3ms);
  CHECK(b.next(3ms).dispatchable);
  CHECK(b.scheduler.lane_free_since() == at(3ms));
  b.reconfigure({1, 5ms, 1});
  CHECK(!b.next(0ms).dispatchable);
  CHECK(!b.start(0ms, 1));
  CHECK(b.finish(1ms, false, 1) == numbers{1});  // the lane that goes ends its batch
  CHECK(!b.next(1ms).dispatchable);
  CHECK(b.finish(1ms, false, 0) == numbers{0});
  CHECK(b.run(1ms, 0) == numbers{2});
  CHECK(b.now().lanes == 1);
}

TEST_CASE("a new policy decides about those who wait already, and hears when what runs ends") {
  const auto stubborn = [](time_point, const queue_view&, std::size_t) -> action { return idle{}; };
  scheduler_bench b({2, 5ms, 2});
  for (std::size_t i = 0; i < 3; ++i) b.admit(i);
  REQUIRE(b.start(0ms, 0));
  CHECK(b.seal(0ms, 0));
  b.scheduler.set_policy(any_policy(scripted{stubborn}));
  CHECK(!b.next(0ms).dispatchable);
  b.scheduler.set_policy(any_policy(size_or_timeout{}));
  CHECK(b.next(0ms).wake_at == at(5ms));
  CHECK(b.finish(1ms) == numbers{0, 1});
  CHECK(b.run(5ms) == numbers{2});
}

TEST_CASE("the old policy is left to who gives a new one, and goes outside the scheduler") {
  const auto old = std::make_shared<int>();
  scheduler_bench b({2, 5ms, 1}, {}, any_policy(scripted{[old](auto...) -> action { return idle{}; }}));
  REQUIRE(old.use_count() == 2);
  any_policy next(eager{});
  b.scheduler.set_policy(std::move(next));
  CHECK(old.use_count() == 2);
  next = any_policy(eager{});
  CHECK(old.use_count() == 1);
}

TEST_CASE("so is the old key_weight") {
  const auto old = std::make_shared<double>(1);
  scheduler_bench b({2, 5ms, 1}, {.fair_sharing = true, .key_weight = [old](std::uint64_t) { return *old; }});
  REQUIRE(old.use_count() == 2);
  auto shares = b.reconfigure({2, 5ms, 1});
  CHECK(old.use_count() == 2);
  shares.reset();
  CHECK(old.use_count() == 1);
}

TEST_CASE("a request may ask to be held no longer than its own max_wait, wherever it is in the queue") {
  scheduler_bench b({4, 50ms, 1}, {}, any_policy(size_or_timeout{}));
  b.admit(1, 0ms, at(40ms));
  waiting_request impatient = waiting(2, at(1ms));
  impatient.leave_by = at(8ms);
  b.admit(impatient);
  CHECK(b.next(1ms).wake_at == at(8ms));
  REQUIRE(b.start(8ms));
  CHECK(b.members() == numbers{1, 2});
  CHECK(b.scheduler.batch(0).reason() == departure::timeout);
}

namespace {

/// A scheduler to which random things happen, and what must hold whatever they are.
class random_scheduler {
 public:
  explicit random_scheduler(std::uint64_t seed)
      : random_(seed), bench_(random_bounds(), random_rules(), any_policy(watcher())) {}

  void run(int steps) {
    while (steps-- > 0) step();
    bench_.scheduler.flush();
    for (int i = 0; i < 1000 && !bench_.scheduler.drained(); ++i) settle_lanes();
    CHECK(bench_.scheduler.drained());
    CHECK(gone_ == admitted_);
    const stats s = bench_.now(now_);
    CHECK(s.submitted == admitted_);
    CHECK(s.queued_work + s.running_work == 0);
  }

 private:
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
  bool chance(unsigned percent) { return below(100) < percent; }

  limits random_bounds() {
    limits bounds{1 + below(6), 5ms, lanes_ = 1 + below(4)};
    if (chance(50)) bounds.max_batch_work = static_cast<double>(1 + below(12));
    bounds.batch_work = chance(50) ? &padded_work : &total_work;
    return bounds_ = bounds;
  }

  queue_rules random_rules() {
    queue_rules rules{.max_size = 1 + below(30)};
    if (chance(30)) rules.max_work = static_cast<double>(1 + below(60));
    if (chance(30)) rules.max_size_per_key = 1 + below(10);
    if (chance(50)) rules.max_overtaking = below(10) * 1ms;
    rules.fair_sharing = chance(50);
    if (chance(50)) rules.key_weight = [](std::uint64_t key) { return static_cast<double>(1 + key); };
    if (chance(50)) rules.hung_after = 1ms + below(10) * 1ms;
    return rules;
  }

  /// Looks at the queue, and dispatches anything or sheds anybody.
  scripted watcher() {
    return {[this](time_point now, const queue_view& queue, std::size_t free_lanes) -> action {
      CHECK(free_lanes > 0);
      CHECK(free_lanes <= lanes_);
      for (std::size_t i = 1; i < queue.size(); ++i) CHECK(!served_before(queue[i], queue[i - 1]));
      if (chance(10)) return wait_until{now + 3ms};
      const std::size_t first = below(queue.size());
      const std::size_t count = 1 + below(queue.size() - first);
      if (chance(5)) return shed{positions::run(first, count)};
      return dispatch{positions::run(first, count), departure::full};
    }};
  }

  void step() {
    switch (below(8)) {
      case 0:
        now_ += below(3) * 1ms;
        break;
      case 1:
        bench_.cancel(below(next_ + 1), chance(50), now_);
        break;
      case 2:
        settle_lanes();
        break;
      case 3:
        if (chance(20)) bench_.reconfigure(random_bounds(), random_rules());
        if (chance(20)) bench_.scheduler.set_policy(any_policy(watcher()));
        if (chance(20)) bench_.scheduler.report_out_of_memory(static_cast<double>(1 + below(10)));
        break;
      default:
        submit();
    }
    (void)bench_.next(now_);
    count_left();
  }

  void submit() {
    waiting_request request = waiting(next_, at(now_), chance(50) ? never : at(now_ + below(20) * 1ms));
    request.priority = static_cast<std::int8_t>(below(3));
    request.key = below(4);
    request.work = static_cast<double>(1 + below(8));
    if (bench_.why_not(request)) return;
    ++next_;
    ++admitted_;
    bench_.admit(request);
  }

  void settle_lanes() {
    for (std::size_t lane = 0; lane < running_.size(); ++lane) {
      if (running_[lane]) {
        gone_ += bench_.finish(now_, chance(20), lane).size();
        running_[lane] = false;
      } else if (lane < lanes_ && bench_.start(now_, lane)) {
        check_bounds(bench_.scheduler.batch(lane).members());
        if (chance(20)) bench_.cancel(below(next_ + 1), false, now_);
        running_[lane] = bench_.seal(now_, lane);
      }
    }
    count_left();
  }

  void check_bounds(std::span<const waiting_request> members) {
    CHECK(!members.empty());
    CHECK(members.size() <= bounds_.max_batch_size);
    const double bound = bench_.now(now_).max_batch_work;
    CHECK((members.size() == 1 || bench_.scheduler.cost_of(members) <= bound));
  }

  void count_left() {
    gone_ += bench_.left.size();
    bench_.left.clear();
  }

  std::mt19937_64 random_;
  std::size_t lanes_ = 1;
  limits bounds_;
  duration now_{};
  std::size_t next_ = 0;
  std::size_t admitted_ = 0;
  std::size_t gone_ = 0;
  std::array<bool, 4> running_{};
  scheduler_bench bench_;
};

}  // namespace

TEST_CASE("whatever happens, everybody leaves exactly once, in batches within their bounds") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    random_scheduler(seed).run(300);
  }
}
