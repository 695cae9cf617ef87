// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/wake_timer.hpp>

#include <boost/asio/io_context.hpp>

#include <support/doctest.hpp>
#include <support/manual_clock.hpp>

#include <chrono>

using namespace std::chrono_literals;
using carpool::never;
using carpool::execution::wake_timer;
using carpool::test::manual_clock;

namespace {

struct manual_bench {
  void arm(carpool::duration from_now) {
    timer.arm(manual_clock::now() + from_now, [this] {
      timer.fired(manual_clock::now());
      ++wakes;
    });
  }
  void pass(carpool::duration by) {
    manual_clock::advance(by);
    io.restart();
    io.poll();
  }

  manual_bench() { manual_clock::reset(); }
  boost::asio::io_context io;
  wake_timer<manual_clock> timer{io.get_executor()};
  int wakes = 0;
};

}  // namespace

TEST_CASE("a wake_timer wakes once, at its time") {
  manual_bench b;
  CHECK(b.timer.armed_for() == never);
  b.arm(5ms);
  CHECK(b.timer.armed_for() == manual_clock::now() + 5ms);
  b.pass(5ms - 1ns);
  CHECK(b.wakes == 0);
  b.pass(1ns);
  CHECK(b.wakes == 1);
  CHECK(b.timer.armed_for() == never);
  b.pass(1h);
  CHECK(b.wakes == 1);
}

TEST_CASE("an armed wake_timer moves to an earlier time, not to a later one") {
  manual_bench b;
  b.arm(5ms);
  b.arm(9ms);
  CHECK(manual_clock::next_expiry() == manual_clock::now() + 5ms);
  b.arm(2ms);
  CHECK(manual_clock::next_expiry() == manual_clock::now() + 2ms);
  b.pass(2ms);
  CHECK(b.wakes == 1);
  b.pass(1h);
  CHECK(b.wakes == 1);
}

TEST_CASE("a disarmed wake_timer does not wake and can be armed again") {
  manual_bench b;
  b.timer.disarm();
  b.arm(5ms);
  b.timer.disarm();
  CHECK(manual_clock::armed_timers() == 0);
  b.pass(5ms);
  CHECK(b.wakes == 0);
  b.arm(5ms);
  b.pass(5ms);
  CHECK(b.wakes == 1);
}

TEST_CASE("a wake_timer that fires anyway stays armed, for the same time") {
  manual_bench b;
  b.timer.fire_anyway();
  b.arm(5ms);
  CHECK_FALSE(b.timer.needs_disarming());
  b.timer.disarm();
  CHECK(b.timer.armed_for() == manual_clock::now() + 5ms);
  b.pass(5ms);
  CHECK(b.wakes == 1);
}

TEST_CASE("a time that has passed already wakes at once") {
  manual_bench b;
  b.arm(-5ms);
  b.pass(0ms);
  CHECK(b.wakes == 1);
}

TEST_CASE("a wake-up that was overtaken leaves the later one armed") {
  manual_bench b;
  b.arm(5ms);
  manual_clock::advance(5ms);  // the wake-up is posted
  b.timer.disarm();
  b.arm(10ms);
  b.pass(0ms);  // and comes
  CHECK(b.wakes == 1);
  CHECK(b.timer.armed_for() == manual_clock::now() + 10ms);
  b.timer.disarm();
  CHECK(manual_clock::armed_timers() == 0);
}

TEST_CASE("B29: with the real clock it wakes too") {
  boost::asio::io_context io;
  wake_timer<std::chrono::steady_clock> timer(io.get_executor());
  const auto due = std::chrono::steady_clock::now() + 1ms;
  bool woken = false;
  timer.arm(due, [&] {
    woken = true;
    CHECK(std::chrono::steady_clock::now() >= due);
  });
  io.run();
  CHECK(woken);
}
