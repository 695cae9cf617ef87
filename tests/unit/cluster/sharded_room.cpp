// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// How a sharded_source divides the room that a worker has.

#include "cluster/sharded_source.hpp"
#include "cluster/text_reply.hpp"
#include "cluster/text_request.hpp"
#include "cluster/worker.hpp"
#include "sharded_bench.hpp"
#include "support/doctest.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <map>

using namespace carpool::test;

namespace {

namespace asio = boost::asio;

}  // namespace

TEST_CASE("whatever the shards have, no more comes than there is room for") {
  for (std::size_t room = 1; room <= 12; ++room) {
    sharded_bench bench{4};
    std::size_t held = 0;
    for (int round = 0; round < 20 && held < room; ++round) {
      for (std::size_t shard = 0; shard < 4; ++shard) bench.fill(shard, 20);
      bench.receive(room - held);
      for (std::size_t shard = 0; shard < 4; ++shard) bench.shard(shard).wake();
      bench.run();
      if (bench.received) held += bench.received->size();
    }
    CHECK(held == room);
    std::size_t delivered = 0;
    for (std::size_t shard = 0; shard < 4; ++shard) delivered += bench.queue(shard).pending();
    CHECK(delivered == room);
  }
}

TEST_CASE("Q11: a shard that is always full starves no other, even with room for one entry at a time") {
  sharded_bench bench{3};
  for (std::size_t shard = 0; shard < 3; ++shard) bench.fill(shard, 30);
  std::map<char, int> received;
  for (int i = 0; i < 30; ++i) {
    bench.receive(1);
    REQUIRE(bench.received);
    REQUIRE(bench.received->size() == 1);
    ++received[bench.received->front().id[0]];
  }
  for (const auto& [shard, count] : received) CHECK(count == 10);
}

TEST_CASE("a shard that has much gets most of the room while the others have nothing") {
  sharded_bench bench{4};
  bench.fill(1, 100);
  bench.receive(64);
  REQUIRE(bench.received);
  const std::size_t first = bench.received->size();
  CHECK(first == 8);
  bench.receive(64 - first);
  CHECK(bench.received->size() == 64 / 2);
}

TEST_CASE(
    "a receive that waits for a shard without texts returns when there is more room, to ask the others") {
  sharded_bench bench{2};
  bench.fill(1, 20);
  std::size_t held = 0;
  for (bench.receive(8); bench.received; bench.receive(8 - held)) held += bench.received->size();
  CHECK(held == 6);  // shard 0 is still being asked for 2
  bench.source.room_grew();
  bench.run();
  REQUIRE(bench.received);
  CHECK(bench.received->empty());
  bench.receive(8);
  REQUIRE(bench.received);
  CHECK(bench.received->size() == 6);
}

TEST_CASE("Q11: a worker runs all that a busy shard has while another one has nothing and its read waits") {
  sharded_bench bench{2};
  bench.fill(1, 100);
  const auto run = [&](cluster::text_request, carpool::time_point) -> asio::awaitable<cluster::text_reply> {
    co_await asio::post(bench.io(), asio::use_awaitable);
    co_return cluster::text_result{.values = {1}, .tokens = 1};
  };
  cluster::worker worker{bench.io().get_executor(), bench.source, run, {.capacity = 8}};
  bool ended = false;
  asio::co_spawn(bench.io(), worker.work(), [&](std::exception_ptr) { ended = true; });
  bench.run();
  CHECK(bench.queue(1).length() == 0);
  worker.stop();
  for (const std::size_t shard : {0U, 1U}) bench.shard(shard).wake();
  bench.run();
  CHECK(ended);
}

TEST_CASE("Q11: a busy shard gets half of the room, however many others have nothing, and none is left out") {
  constexpr std::size_t shards = 64, room = 64;
  sharded_bench bench{shards};
  bench.fill(5, 1000);
  bench.receive(room);
  REQUIRE(bench.received);
  const std::size_t first = bench.received->size();
  CHECK(first == 1);
  bench.receive(room - first);
  REQUIRE(bench.received);
  CHECK(bench.received->size() >= room / 2);
  for (std::size_t shard = 0; shard < shards; ++shard) bench.shard(shard).wake();
  bench.run();  // the reads that waited have ended
  bench.fill(40, 1);
  bool found = false;
  for (int i = 0; i < 3 && !found; ++i) {
    bench.receive(room);
    REQUIRE(bench.received);
    found = std::ranges::count(*bench.received, "40.0", &cluster::delivery::id) == 1;
  }
  CHECK(found);
}
