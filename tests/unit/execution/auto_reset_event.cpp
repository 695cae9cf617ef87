// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/auto_reset_event.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using carpool::execution::auto_reset_event;

namespace {

// Whoever waits for it sleeps until it is set again.
void check_that_it_is_over(auto_reset_event& event) {
  std::atomic<bool> woken = false;
  std::thread waiter([&] {
    event.wait();
    woken = true;
  });
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();
  CHECK_FALSE(woken);
  event.set();
  waiter.join();
  CHECK(woken);
}

}  // namespace

TEST_CASE("an event that was set before anybody waits for it is not lost, and is over after one wait") {
  auto_reset_event event;
  event.set();
  event.wait();
  check_that_it_is_over(event);
}

TEST_CASE("an event that was set twice before it is waited for is over after one wait") {
  auto_reset_event event;
  event.set();
  event.set();
  event.wait();
  check_that_it_is_over(event);
}

TEST_CASE("two threads that wake each other in turn see what the other one wrote, and no wake-up gets lost") {
  auto_reset_event ping;
  auto_reset_event pong;
  int turns = 0;
  std::thread other([&] {
    for (int i = 0; i < 10'000; ++i) {
      ping.wait();
      ++turns;
      pong.set();
    }
  });
  for (int i = 0; i < 10'000; ++i) {
    ping.set();
    pong.wait();
    ++turns;
  }
  other.join();
  CHECK(turns == 20'000);
}
