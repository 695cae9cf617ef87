// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/lane_set.hpp>

#include <support/doctest.hpp>

#include <atomic>
#include <cstddef>
#include <thread>

using namespace carpool::execution;

namespace {

struct lanes_of : lane_set {
  explicit lanes_of(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) add();
    want(count, 1);
  }
  /// The index of the lane that was woken, or no_lane.
  std::size_t woken(lane_slot* preferred = nullptr) {
    const lane_slot* slot = wake_one(preferred);
    return slot == nullptr ? no_lane : slot->index;
  }
};

}  // namespace

TEST_CASE("lanes are woken one at a time: the next one when the last has looked") {
  lanes_of lanes(3);
  CHECK(lanes.can_wake());
  CHECK(lanes.woken() == 0);
  CHECK(!lanes.can_wake());
  CHECK(lanes.woken() == no_lane);
  lanes.looked(lanes[0], true);
  CHECK(lanes.busy() == 1);
  CHECK(lanes.woken() == 1);
  lanes.looked(lanes[1], false);
  CHECK(lanes.busy() == 1);
  CHECK(lanes.woken() == 1);
}

TEST_CASE("a lane that is awake anyway is preferred") {
  lanes_of lanes(3);
  CHECK(lanes.woken() == 0);
  lanes.looked(lanes[0], true);
  CHECK(lanes.woken() == 1);
  lanes.looked(lanes[1], true);
  lanes.rest(lanes[1]);
  CHECK(lanes.woken(&lanes[1]) == 1);
}

TEST_CASE("when all lanes are busy none is woken") {
  lanes_of lanes(1);
  CHECK(lanes.woken() == 0);
  lanes.looked(lanes[0], true);
  CHECK(!lanes.can_wake());
  CHECK(lanes.woken() == no_lane);
  lanes.rest(lanes[0]);
  CHECK(lanes.can_wake());
  CHECK(lanes.busy() == 0);
}

TEST_CASE("lanes that are not wanted sleep, and are there when they are wanted again") {
  lanes_of lanes(2);
  lanes.want(1, 1);
  CHECK(lanes.woken() == 0);
  lanes.looked(lanes[0], true);
  CHECK(!lanes.can_wake());
  CHECK(lanes.woken() == no_lane);
  lanes.want(2, 1);
  CHECK(lanes.woken() == 1);
}

TEST_CASE("a running_mark tells on which lane of whom a thread is, also when marks nest") {
  const int first = 0;
  const int second = 0;
  CHECK(running_mark::lane_of(&first) == no_lane);
  {
    const running_mark outer(&first, 4);
    const running_mark inner(&second, 7);
    CHECK(running_mark::lane_of(&first) == 4);
    CHECK(running_mark::lane_of(&second) == 7);
    std::atomic<std::size_t> elsewhere = 0;
    std::thread([&] { elsewhere = running_mark::lane_of(&first); }).join();
    CHECK(elsewhere == no_lane);
  }
  CHECK(running_mark::lane_of(&first) == no_lane);
}

TEST_CASE("of several devices the one with the fewest busy lanes is next") {
  lanes_of lanes(4);
  lanes.want(4, 2);  // 0 and 2 are on one device, 1 and 3 on the other
  const auto begin = [&](lane_slot* preferred = nullptr) {
    const std::size_t woken = lanes.woken(preferred);
    lanes.looked(lanes[woken], true);
    return woken;
  };
  CHECK(begin() == 0);
  CHECK(begin() == 1);
  CHECK(begin() == 2);
  lanes.rest(lanes[1]);
  lanes.rest(lanes[0]);
  CHECK(begin(&lanes[0]) == 1);  // although lane 0 is awake
}

TEST_CASE("B37: a lane whose device is lost is woken for nothing but new functors") {
  lanes_of lanes(2);
  lanes.set_lost(lanes[0], true);
  CHECK(lanes.woken() == 1);
  lanes.looked(lanes[1], true);
  CHECK(!lanes.can_wake());
  CHECK(lanes.woken() == no_lane);
  CHECK(lanes.wake(lanes[0]));
  lanes.looked(lanes[0], false);
  CHECK(!lanes.can_wake());
  lanes.set_lost(lanes[0], false);
  CHECK(lanes.can_wake());
  CHECK(lanes.woken() == 0);
}

TEST_CASE("an idle lane can be woken while one that is not wanted any more is busy") {
  lanes_of lanes(2);
  CHECK(lanes.woken() == 0);
  lanes.looked(lanes[0], false);
  CHECK(lanes.wake(lanes[1]));
  lanes.looked(lanes[1], true);
  lanes.want(1, 1);
  CHECK(lanes.can_wake());
  CHECK(lanes.woken() == 0);
}

TEST_CASE("any idle lane can be woken, lost or not, but none that is not wanted, as it may still go") {
  lanes_of lanes(2);
  lanes.add();
  lanes.set_lost(lanes[1], true);
  CHECK(lanes.wake_any() == &lanes[0]);
  CHECK(lanes.wake_any() == &lanes[1]);
  CHECK(lanes.wake_any() == nullptr);
}
