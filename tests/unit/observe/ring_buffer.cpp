// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/observe/ring_buffer.hpp>

#include <support/doctest.hpp>

#include <vector>

namespace {

std::vector<int> kept(std::size_t capacity, int pushed) {
  carpool::ring_buffer<int> buffer(capacity);
  for (int i = 0; i < pushed; ++i) buffer.push(i);
  std::vector<int> values;
  buffer.for_each([&](int value) { values.push_back(value); });
  return values;
}

}  // namespace

TEST_CASE("a ring buffer keeps the last values, the oldest first") {
  CHECK(kept(3, 0).empty());
  CHECK(kept(3, 2) == std::vector{0, 1});
  CHECK(kept(3, 3) == std::vector{0, 1, 2});
  CHECK(kept(3, 7) == std::vector{4, 5, 6});
}

TEST_CASE("a ring buffer without room keeps nothing") { CHECK(kept(0, 5).empty()); }
