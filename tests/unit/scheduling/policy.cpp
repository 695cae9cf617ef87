// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/policy.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <memory>
#include <string>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

struct diary {
  std::unique_ptr<int> move_only;
  std::string* text;

  void on_arrival(const waiting_request&) { *text += "arrival "; }
  void on_removed(std::size_t count, time_point) { *text += "removed" + std::to_string(count) + ' '; }
  void on_dispatch(std::size_t lane, std::span<const waiting_request> batch, time_point) {
    *text += "dispatch" + std::to_string(batch.size()) + "to" + std::to_string(lane) + ' ';
  }
  void on_done(std::size_t lane, time_point, bool failed) {
    *text += (failed ? "failed" : "done") + std::to_string(lane) + ' ';
  }
  action decide(time_point now, const queue_view& queue, std::size_t free_lanes) {
    *text += "decide" + std::to_string(queue.size()) + "free" + std::to_string(free_lanes);
    return wait_until{now + 1ms};
  }
};

struct no_decide {
  void on_arrival(const waiting_request&) {}
  void on_removed(std::size_t, time_point) {}
  void on_dispatch(std::size_t, std::span<const waiting_request>, time_point) {}
  void on_done(std::size_t, time_point, bool) {}
};

}  // namespace

TEST_CASE("a class with the five members is a policy, also a move-only one") {
  static_assert(scheduling_policy<diary>);
  static_assert(!scheduling_policy<no_decide>);
  static_assert(!scheduling_policy<int>);
}

TEST_CASE("an erased policy hears every event and its decision comes back") {
  std::string text;
  any_policy policy(diary{std::make_unique<int>(1), &text});
  const auto queue = queue_of({0ms, 1ms});
  const limits bounds{4, 5ms, 2};
  const waiting_request member = waiting(1);
  policy.on_arrival(member);
  policy.on_removed(3, at(0ms));
  policy.on_dispatch(1, {&member, 1}, at(0ms));
  policy.on_done(1, at(0ms), true);
  policy.on_done(0, at(0ms), false);
  const action wanted = policy.decide(at(2ms), queue_view(queue, bounds, false), 2);
  CHECK(text == "arrival removed3 dispatch1to1 failed1 done0 decide2free2");
  REQUIRE(std::holds_alternative<wait_until>(wanted));
  CHECK(std::get<wait_until>(wanted).when == at(3ms));
}

namespace {

struct idler : carpool::indifferent_policy {
  action decide(time_point, const queue_view&, std::size_t) { return idle{}; }
};

struct listener : idler {
  int* arrivals;
  explicit listener(int& count) : arrivals(&count) {}
  void on_arrival(const waiting_request&) { ++*arrivals; }
};

}  // namespace

TEST_CASE("an indifferent policy has all events, and hears of those that it has itself") {
  static_assert(scheduling_policy<idler>);
  any_policy(idler{}).on_arrival(waiting(1));
  int arrivals = 0;
  any_policy(listener(arrivals)).on_arrival(waiting(1));
  CHECK(arrivals == 1);
}

namespace {

struct oracle : diary {
  carpool::forecast forecast(const limits& bounds, time_point) const {
    return {.batch_size = static_cast<double>(bounds.max_batch_size)};
  }
};

}  // namespace

TEST_CASE("an erased policy has a forecast if the policy has") {
  const limits bounds{7, 5ms, 1};
  CHECK(!any_policy(diary{}).forecast(bounds, {}));
  const auto said = any_policy(oracle{}).forecast(bounds, {});
  REQUIRE(said);
  CHECK(said->batch_size == 7);
}
