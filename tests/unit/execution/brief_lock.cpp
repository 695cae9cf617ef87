// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/brief_lock.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <thread>

using carpool::execution::brief_lock;

TEST_CASE("a brief lock holds the mutex until it ends, and can be given up and taken again") {
  std::mutex mutex;
  const auto is_free = [&] {
    bool free = false;
    std::thread([&] { free = std::unique_lock(mutex, std::try_to_lock).owns_lock(); }).join();
    return free;
  };
  {
    brief_lock lock(mutex);
    CHECK_FALSE(is_free());
    lock.unlock();
    CHECK(is_free());
    lock.lock();
    CHECK_FALSE(is_free());
  }
  CHECK(is_free());
}

TEST_CASE("who finds the mutex taken gets it when it is free, however long that takes") {
  std::mutex mutex;
  std::atomic<bool> waits = false;
  bool done = false;
  std::unique_lock held(mutex);
  std::thread waiter([&] {
    waits = true;
    const brief_lock lock(mutex);
    done = true;
  });
  while (!waits) std::this_thread::yield();
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();  // longer than it tries
  CHECK_FALSE(done);
  held.unlock();
  waiter.join();
  CHECK(done);
}
