// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/fleet.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

fleet fleet_of(std::size_t lanes) {
  fleet result;
  result.resize(lanes, at(0ms));
  return result;
}

void depart(fleet& lanes, std::size_t lane, duration now = 0ms, std::size_t members = 1) {
  lanes[lane].reserve(members);
  lanes.depart(lane, at(now), departure::full);
  for (std::size_t i = 0; i < members; ++i) lanes[lane].add(waiting(i));
}

stats report(const fleet& lanes, duration now) {
  stats s;
  lanes.report(s, at(now));
  return s;
}

}  // namespace

TEST_CASE("a fleet counts its free and its busy lanes") {
  auto lanes = fleet_of(3);
  CHECK(lanes.free() == 3);
  depart(lanes, 1);
  CHECK(lanes.free() == 2);
  CHECK(lanes.busy() == 1);
  lanes.land(1, at(0ms));
  CHECK(lanes.free() == 3);
}

TEST_CASE("of lanes that are not wanted any more the idle ones go at once, a busy one after its batch") {
  auto lanes = fleet_of(4);
  depart(lanes, 0);
  depart(lanes, 2);
  lanes.resize(2, at(0ms));
  CHECK(lanes.lanes() == 2);
  CHECK(lanes.free() == 1);
  CHECK(lanes.busy() == 2);
  CHECK(lanes.size() == 3);
  lanes.land(2, at(0ms));
  CHECK(lanes.size() == 2);
  CHECK(lanes.free() == 1);
  CHECK(lanes.busy() == 1);
}

TEST_CASE("a busy lane that is wanted again stays") {
  auto lanes = fleet_of(2);
  depart(lanes, 1);
  lanes.resize(1, at(0ms));
  CHECK(lanes.free() == 1);
  lanes.resize(3, at(0ms));
  CHECK(lanes.free() == 2);
  lanes.land(1, at(0ms));
  CHECK(lanes.free() == 3);
}

TEST_CASE("B11: a batch that runs too long is told once, at the bound") {
  auto lanes = fleet_of(2);
  CHECK(lanes.next_hung(10ms) == never);
  depart(lanes, 1, 0ms);
  depart(lanes, 0, 4ms);
  CHECK(lanes.next_hung(10ms) == at(10ms));
  CHECK(!lanes.newly_hung(at(9ms), 10ms));
  CHECK(lanes.newly_hung(at(10ms), 10ms) == 1U);
  CHECK(!lanes.newly_hung(at(10ms), 10ms));
  CHECK(lanes.next_hung(10ms) == at(14ms));
  lanes.land(1, at(0ms));
  depart(lanes, 1, 20ms);
  CHECK(lanes.newly_hung(at(30ms), 10ms) == 0U);
  CHECK(lanes.newly_hung(at(30ms), 10ms) == 1U);
  CHECK(lanes.next_hung(duration::max()) == never);
}

TEST_CASE("a fleet reports what runs, and the lane that has run longest") {
  auto lanes = fleet_of(3);
  CHECK(report(lanes, 9ms).longest_running == 0ms);
  depart(lanes, 2, 1ms, 2);
  depart(lanes, 0, 3ms, 3);
  const stats s = report(lanes, 9ms);
  CHECK(s.lanes == 3);
  CHECK(s.busy_lanes == 2);
  CHECK(s.running_work == 5);
  CHECK(s.longest_running == 8ms);
  CHECK(s.longest_lane == 2);
}

TEST_CASE("a lane that is added while all are busy is free since then") {
  auto lanes = fleet_of(2);
  depart(lanes, 0);
  lanes.resize(3, at(2ms));  // one has been free all the time
  CHECK(lanes.free_since() == at(0ms));
  depart(lanes, 1);
  depart(lanes, 2);
  lanes.resize(4, at(5ms));
  CHECK(lanes.free_since() == at(5ms));
}

TEST_CASE("B37: lanes whose device is lost are not free, and are again when it is back") {
  auto lanes = fleet_of(3);
  depart(lanes, 0);
  lanes.set_lost(0, true, at(0ms));
  lanes.set_lost(2, true, at(0ms));
  CHECK(lanes.usable() == 1);
  CHECK(lanes.free() == 1);
  CHECK(!lanes.usable(0));
  CHECK(report(lanes, 0ms).lost_lanes == 2);
  lanes.land(0, at(0ms));
  CHECK(lanes.free() == 1);
  depart(lanes, 1);
  CHECK(lanes.free() == 0);
  lanes.set_lost(2, false, at(5ms));
  CHECK(lanes.free() == 1);
  CHECK(lanes.free_since() == at(5ms));
  lanes.resize(1, at(0ms));
  CHECK(lanes.usable() == 0);
  lanes.resize(3, at(0ms));
  CHECK(lanes.usable() == 2);
}

TEST_CASE("a fleet counts the devices that have a lane left") {
  auto lanes = fleet_of(5);
  CHECK(lanes.usable_devices(1) == 1);
  CHECK(lanes.usable_devices(2) == 2);
  CHECK(lanes.usable_devices(9) == 5);
  lanes.set_lost(1, true, at(0ms));
  CHECK(lanes.usable_devices(2) == 2);
  lanes.set_lost(3, true, at(0ms));
  CHECK(lanes.usable_devices(2) == 1);
}
