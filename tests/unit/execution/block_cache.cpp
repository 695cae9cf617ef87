// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/block_cache.hpp>
#include <carpool/execution/handler_run.hpp>
#include <carpool/execution/operation_allocator.hpp>

#include <support/doctest.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

using namespace carpool::execution;

namespace {

// The sizes below are those of no test's operations.

template <class Cache>
std::vector<void*> take(std::size_t count) {
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < count; ++i) blocks.push_back(Cache::allocate());
  return blocks;
}

template <class Cache>
void give_back(const std::vector<void*>& blocks) {
  for (void* each : blocks) Cache::deallocate(each);
}

}  // namespace

TEST_CASE("a block that was given back is the next one on its thread") {
  if (every_end_is_watched) return;
  using blocks = block_cache<11 * 64>;
  void* const first = blocks::allocate();
  void* const second = blocks::allocate();
  CHECK(first != second);
  blocks::deallocate(first);
  CHECK(blocks::allocate() == first);
  give_back<blocks>({first, second});
}

TEST_CASE("no two have the same block, however many there are, and each is as large as it should be") {
  constexpr std::size_t size = 12 * 64, count = 1000;
  using blocks = block_cache<size>;
  for (int round = 0; round < 3; ++round) {
    const auto taken = take<blocks>(count);
    CHECK(std::set<void*>(taken.begin(), taken.end()).size() == count);
    for (void* each : taken) {
      CHECK(reinterpret_cast<std::uintptr_t>(each) % alignof(std::max_align_t) == 0);
      std::memset(each, round, size);
    }
    give_back<blocks>(taken);
  }
}

TEST_CASE("blocks that end on another thread come back from there") {
  if (every_end_is_watched) return;
  using blocks = block_cache<13 * 64>;
  std::set<void*> known;
  std::size_t new_ones = 0;
  for (int round = 0; round < 20; ++round) {
    const auto taken = take<blocks>(256);
    for (void* each : taken) new_ones += known.insert(each).second;
    std::thread([&] { give_back<blocks>(taken); }).join();
  }
  CHECK(new_ones < 20 * 256 / 2);
}

TEST_CASE("threads that begin and end operations for each other never share a block") {
  using blocks = block_cache<14 * 64>;
  constexpr std::size_t threads = 4, rounds = 200, count = 100;
  std::vector<std::thread> running;
  for (std::size_t t = 0; t < threads; ++t)
    running.emplace_back([t] {
      for (std::size_t round = 0; round < rounds; ++round) {
        const auto mine = take<blocks>(count);
        for (void* each : mine) std::memset(each, static_cast<int>(t), 14 * 64);
        for (void* each : mine) REQUIRE(*static_cast<unsigned char*>(each) == t);
        if (round % 2 == 0)
          give_back<blocks>(mine);
        else
          std::thread([&] { give_back<blocks>(mine); }).join();
      }
    });
  for (auto& each : running) each.join();
}

TEST_CASE("what is aligned more than others, or an array, has memory of its own") {
  struct alignas(128) wide {
    char content[128];
  };
  operation_allocator<wide> wides(nullptr);
  wide* const one = wides.allocate(1);
  CHECK(reinterpret_cast<std::uintptr_t>(one) % 128 == 0);
  wides.deallocate(one, 1);
  operation_allocator<long> longs(nullptr);
  long* const some = longs.allocate(1000);
  some[999] = 1;
  longs.deallocate(some, 1000);
}

TEST_CASE("the memory of a large operation is not kept for the next one") {
  struct large {
    char content[1 << 20];
  };
  carpool::execution::handler_run run(nullptr);
  operation_allocator<large> larges(&run);
  larges.deallocate(larges.allocate(1), 1);
  CHECK_FALSE(run.has_memory(sizeof(large)));
  operation_allocator<long> longs(&run);
  longs.deallocate(longs.allocate(1), 1);
  CHECK(run.has_memory(sizeof(long)));
}
