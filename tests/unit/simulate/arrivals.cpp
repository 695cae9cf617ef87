// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/simulate/arrivals.hpp>

#include <support/doctest.hpp>

#include <array>

namespace {

using namespace carpool;
using namespace std::chrono_literals;

constexpr time_point start{};

}  // namespace

TEST_CASE("a replay gives every request of the trace at its time, with its work and its deadline") {
  const std::array<simulate::arrival, 2> trace{{{start + 1ms, 3}, {start + 5ms, 7}}};
  simulate::replay source(trace, 10ms);
  CHECK(source.next() == start + 1ms);
  const auto first = source.take();
  CHECK(first.arrival == start + 1ms);
  CHECK(first.deadline == start + 11ms);
  CHECK(first.work == 3);
  CHECK(first.handle != nullptr);
  CHECK(source.next() == start + 5ms);
  CHECK(source.take().work == 7);
  CHECK(source.next() == never);
}

TEST_CASE("a replay without a deadline lets requests wait for ever") {
  const std::array<simulate::arrival, 1> trace{{{start + 1ms}}};
  simulate::replay source(trace);
  CHECK(source.take().deadline == never);
}

TEST_CASE("a client of a closed loop asks again only after its answer") {
  simulate::closed_loop source(1, 0.001, start + 1s, 7);
  CHECK(source.next() < start + 1s);
  const auto request = source.take();
  CHECK(source.next() == never);
  source.ended(request.handle, start + 100ms);
  CHECK(source.next() > start + 100ms);
  CHECK(source.take().handle == request.handle);
}

TEST_CASE("clients of a closed loop ask in the order of their times, and stop at the end") {
  simulate::closed_loop source(20, 0.010, start + 1s, 7);
  time_point last{};
  for (int i = 0; i < 20; ++i) {
    const auto request = source.take();
    CHECK(request.arrival >= last);
    last = request.arrival;
    source.ended(request.handle, start + 1s);
  }
  CHECK(source.next() == never);
}
