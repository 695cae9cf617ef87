// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/key_counts.hpp>

#include <support/doctest.hpp>

#include <cstdint>

using carpool::scheduling::key_counts;

TEST_CASE("each key is counted by itself") {
  key_counts counts;
  CHECK(counts.waiting(1) == 0);
  counts.reserve(1);
  counts.join(1);
  counts.join(1);
  counts.reserve(2);
  counts.join(2);
  CHECK(counts.waiting(1) == 2);
  counts.leave(1);
  CHECK(counts.waiting(1) == 1);
  CHECK(counts.waiting(2) == 1);
}

TEST_CASE("keys that nobody waits for are forgotten in the end") {
  key_counts counts;
  for (std::uint64_t key = 0; key < 100'000; ++key) {
    counts.reserve(key);
    counts.join(key);
    if (key != 7) counts.leave(key);
  }
  CHECK(counts.size() <= 1024);
  CHECK(counts.waiting(7) == 1);
}
