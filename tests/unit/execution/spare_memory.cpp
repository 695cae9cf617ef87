// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/spare_memory.hpp>

#include <support/doctest.hpp>

#include <array>

using namespace carpool::execution;

TEST_CASE("spare memory is given to one at a time, if it is large enough") {
  spare_memory memory;
  CHECK(memory.take(100'000) == nullptr);
  void* block = memory.take(100);
  CHECK(block != nullptr);
  CHECK(memory.take(1) == nullptr);
  CHECK(memory.give_back(block));
  CHECK(memory.take(1) == block);
  int other = 0;
  CHECK(!memory.give_back(&other));
}

TEST_CASE("a spare_allocator allocates elsewhere what finds no place there") {
  spare_memory memory;
  spare_allocator<int> ints(memory);
  const spare_allocator<std::array<char, 1000>> large(ints);
  CHECK(ints == large);
  int* first = ints.allocate(1);
  int* second = ints.allocate(1);
  CHECK(first != second);
  ints.deallocate(first, 1);
  CHECK(ints.allocate(1) == first);
  ints.deallocate(second, 1);
  ints.deallocate(first, 1);
}
