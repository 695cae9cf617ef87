// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/flight.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

using namespace carpool::scheduling;
using namespace carpool::test;
using carpool::departure;
using namespace std::chrono_literals;

namespace {

flight flight_of(std::size_t members) {
  flight batch;
  batch.reserve(members);
  batch.begin(at({}), departure::full);
  for (std::size_t i = 0; i < members; ++i) batch.add(waiting(i));
  return batch;
}

using leavers = std::vector<std::pair<std::size_t, outcome>>;

leavers seal(flight& batch) {
  leavers gone;
  batch.seal([&](std::size_t position, const waiting_request& member, outcome why) {
    CHECK(number_of(member.handle) == position);
    gone.emplace_back(position, why);
    return std::nullopt;
  });
  return gone;
}

}  // namespace

TEST_CASE("a flight is active from its begin to its end and can be used again") {
  flight batch = flight_of(2);
  CHECK(batch.active());
  CHECK(batch.started() == at({}));
  CHECK(batch.reason() == departure::full);
  CHECK(batch.members().size() == 2);
  batch.end();
  CHECK(!batch.active());
  CHECK(batch.members().empty());
  batch.begin(at({}), departure::timeout);
  batch.add(waiting(7));
  CHECK(seal(batch).empty());
  CHECK(batch.members().size() == 1);
}

TEST_CASE("who leaves while the inputs are collected goes when the batch is sealed, last position first") {
  flight batch = flight_of(4);
  CHECK(!batch.leave(1, outcome::cancelled));
  CHECK(!batch.leave(3, outcome::expired));
  CHECK(batch.members().size() == 4);
  CHECK(seal(batch) == leavers{{3, outcome::expired}, {1, outcome::cancelled}});
  REQUIRE(batch.members().size() == 2);
  CHECK(number_of(batch.members()[0].handle) == 0);
  CHECK(number_of(batch.members()[1].handle) == 2);
}

TEST_CASE("B20: who leaves twice leaves once, for the first reason") {
  flight batch = flight_of(1);
  CHECK(!batch.leave(0, outcome::expired));
  CHECK(!batch.leave(0, outcome::cancelled));
  CHECK(seal(batch) == leavers{{0, outcome::expired}});
  CHECK(batch.members().empty());
}

TEST_CASE("who leaves a sealed batch is gone at once and the positions of the others stay") {
  flight batch = flight_of(3);
  CHECK(seal(batch).empty());
  CHECK(batch.leave(1, outcome::cancelled));
  CHECK(!batch.leave(1, outcome::cancelled));
  REQUIRE(batch.members().size() == 3);
  CHECK(batch.members()[1].handle == nullptr);
  CHECK(number_of(batch.members()[2].handle) == 2);
}

TEST_CASE("a member's place can go to somebody else, with another deadline") {
  flight batch = flight_of(2);
  CHECK(!batch.leave(0, outcome::cancelled));
  batch.seal([](std::size_t, const waiting_request&, outcome) {
    return std::optional(waiting(7, at({}), at(3ms)));
  });
  REQUIRE(batch.members().size() == 2);
  CHECK(number_of(batch.members()[0].handle) == 7);
  batch.look_beyond(at(2ms));
  CHECK(batch.next_deadline() == at(3ms));
}
