// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/slack.hpp>

#include <support/doctest.hpp>

#include <cstddef>
#include <initializer_list>

using namespace carpool::scheduling;
using doctest::Approx;

namespace {

constexpr double none = std::numeric_limits<double>::infinity();

void add(slack& learnt, int times, std::initializer_list<double> slacks) {
  for (int i = 0; i < times; ++i)
    for (const double each : slacks) learnt.add(each, 5);
}

}  // namespace

TEST_CASE("requests of one kind give their slack exactly") {
  slack learnt;
  CHECK(learnt.tight.value == none);
  add(learnt, 1, {25});
  CHECK(learnt.tight.value == 25);
  add(learnt, 100, {25});
  CHECK(learnt.tight.value == 25);
  CHECK(learnt.loose.value == 25);
}

TEST_CASE("a mixture is planned for its tight ones, and one odd request changes little") {
  slack learnt;
  add(learnt, 500, {25, 1000, none});
  CHECK(learnt.tight.value == Approx(25).epsilon(0.02));
  CHECK(learnt.loose.value == Approx(1000).epsilon(0.02));
  add(learnt, 1, {6});
  CHECK(learnt.tight.value > 23);
}

TEST_CASE("a change of the deadlines is followed, faster when they become tighter") {
  slack learnt;
  add(learnt, 1, {25});
  add(learnt, 20, {12});
  CHECK(learnt.tight.value == 12);
  add(learnt, 200, {25});
  CHECK(learnt.tight.value == 25);
}

TEST_CASE("deadlines that nobody could meet spoil no plan for the others") {
  slack learnt;
  add(learnt, 100, {25, 4, 4});
  CHECK(learnt.tight.value == 25);
  CHECK(learnt.loose.value > 5);
}

TEST_CASE("when hardly any deadline can be met the loose end says so") {
  slack learnt;
  add(learnt, 1, {25});
  add(learnt, 1000, {4, 4, 4, 4});
  CHECK(learnt.loose.value < 5);
}

TEST_CASE("deadlines are forgotten once a thousand requests came without one") {
  slack learnt;
  add(learnt, 1, {25});
  add(learnt, 999, {none});
  CHECK(learnt.tight.value == 25);
  add(learnt, 1, {none});
  CHECK(learnt.tight.value == none);
  add(learnt, 1, {-3, 30});
  CHECK(learnt.loose.value > 0);
  CHECK(learnt.tight.value == 30);
}
