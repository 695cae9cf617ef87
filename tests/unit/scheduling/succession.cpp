// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/succession.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <string>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

struct diary {
  std::string* text;

  void on_arrival(const waiting_request& request) {
    *text += "arrival" + std::to_string(number_of(request.handle)) + ' ';
  }
  void on_removed(std::size_t, time_point) { *text += "removed "; }
  void on_dispatch(std::size_t lane, std::span<const waiting_request> batch, time_point) {
    *text += "dispatch" + std::to_string(batch.size()) + "to" + std::to_string(lane) + ' ';
  }
  void on_done(std::size_t, time_point, bool) { *text += "done "; }
  action decide(time_point, const queue_view&, std::size_t) { return idle{}; }
};

}  // namespace

TEST_CASE("a successor hears of everybody who is here, in the order of time") {
  wait_queue queue = queue_of({3ms, 9ms});
  fleet lanes;
  lanes.resize(3, at(0ms));
  lanes[2].reserve(2);
  lanes.depart(2, at(5ms), departure::full);
  lanes[2].add(waiting(5, at(1ms)));
  lanes[2].add(waiting(6, at(4ms)));
  std::string text;
  any_policy policy(diary{&text});
  brief(policy, queue, lanes);
  CHECK(text == "arrival5 arrival0 arrival6 dispatch2to2 arrival1 ");
}

TEST_CASE("a batch that left the moment its request arrived is heard of after it") {
  wait_queue queue;
  fleet lanes;
  lanes.resize(1, at(0ms));
  lanes[0].reserve(1);
  lanes.depart(0, at(5ms), departure::full);
  lanes[0].add(waiting(5, at(5ms)));
  std::string text;
  any_policy policy(diary{&text});
  brief(policy, queue, lanes);
  CHECK(text == "arrival5 dispatch1to0 ");
}
