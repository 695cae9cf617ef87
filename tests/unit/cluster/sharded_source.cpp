// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/sharded_source.hpp"

#include "cluster/text_reply.hpp"
#include "cluster/text_request.hpp"
#include "cluster/worker.hpp"
#include "sharded_bench.hpp"
#include "support/doctest.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace carpool::test;
using namespace std::chrono_literals;
using cluster::delivery;

namespace {

namespace asio = boost::asio;

/// A queue that cannot be asked.
class broken_source final : public cluster::request_source {
 public:
  template <class T>
  using awaitable = asio::awaitable<T>;

  int asked = 0;  ///< for new entries

  awaitable<std::vector<delivery>> receive(std::size_t) override {
    ++asked;
    throw std::runtime_error("away");
    co_return std::vector<delivery>{};
  }
  awaitable<std::vector<cluster::abandoned_entry>> find_abandoned() override {
    throw std::runtime_error("away");
    co_return std::vector<cluster::abandoned_entry>{};
  }
  awaitable<std::optional<delivery>> adopt(std::string) override {
    throw std::runtime_error("away");
    co_return std::nullopt;
  }
  awaitable<void> extend(std::vector<std::string>) override {
    throw std::runtime_error("away");
    co_return;
  }
  awaitable<void> finish(delivery, std::string) override {
    throw std::runtime_error("away");
    co_return;
  }
  awaitable<void> reject(delivery, std::string) override {
    throw std::runtime_error("away");
    co_return;
  }
};

}  // namespace

TEST_CASE("one shard is asked for all that there is room for, as if it were alone") {
  sharded_bench bench{1};
  bench.fill(0, 10);
  bench.receive(7);
  REQUIRE(bench.received);
  CHECK(bench.received->size() == 7);
  CHECK(bench.received->front().entry == "0/1");
}

TEST_CASE("entries of the same name in two shards are two entries, and each is finished where it is") {
  sharded_bench bench{2};
  bench.fill(0, 1);
  bench.fill(1, 1);
  bench.receive(8);
  REQUIRE(bench.received);
  REQUIRE(bench.received->size() == 2);
  CHECK(bench.received->at(0).entry == "0/1");
  CHECK(bench.received->at(1).entry == "1/1");
  asio::co_spawn(bench.io(), bench.source.finish(bench.received->at(1), "reply"), asio::detached);
  bench.run();
  CHECK(bench.queue(0).length() == 1);
  CHECK(bench.queue(1).length() == 0);
  CHECK(bench.queue(1).take_replies("gateway").size() == 1);
}

TEST_CASE("an entry of any shard ends the wait for all, and no shard is asked twice at once") {
  sharded_bench bench{3};
  bench.receive(30);
  CHECK_FALSE(bench.received);
  bench.fill(2, 1);
  bench.shard(2).wake();
  bench.run();
  REQUIRE(bench.received);
  REQUIRE(bench.received->size() == 1);
  CHECK(bench.received->front().id == "2.0");
  bench.fill(0, 1);  // whose read goes on
  bench.receive(29);
  CHECK_FALSE(bench.received);
  bench.shard(0).wake();
  bench.run();
  REQUIRE(bench.received);
  CHECK(bench.received->front().id == "0.0");
}

TEST_CASE("what was read when a worker wants to be alone is given out before it is told what is abandoned") {
  sharded_bench bench{2, {3s}};
  bench.queue(1).admit({request("left")}, 10);
  bench.queue(1).read("another", 1, std::chrono::steady_clock::now() - 1h);
  bench.receive(8);
  std::optional<std::vector<cluster::abandoned_entry>> found;
  asio::co_spawn(
      bench.io(), bench.source.find_abandoned(),
      [&](std::exception_ptr, std::vector<cluster::abandoned_entry> all) { found = std::move(all); });
  bench.run();
  CHECK_FALSE(found);
  bench.fill(0, 1);
  bench.shard(0).wake();
  bench.run();
  REQUIRE(bench.received);
  CHECK(bench.received->size() == 1);
  bench.receive(7);  // shard 1 is still being read, and shard 0 not again
  CHECK_FALSE(found);
  bench.fill(0, 1);
  bench.shard(1).wake();
  bench.run();
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  CHECK(found->front().entry == "1/1");
  REQUIRE(bench.received);
  CHECK(bench.received->empty());
  const auto adopted = bench.wait_for(bench.source.adopt("1/1"));
  REQUIRE(adopted);
  CHECK(adopted->id == "left");
  CHECK(adopted->entry == "1/1");
}

TEST_CASE("leases are extended in the shards that the entries are in") {
  sharded_bench bench{2};
  bench.fill(0, 1);
  bench.fill(1, 2);
  bench.receive(9);
  std::vector<std::string> entries;
  for (const auto& each : *bench.received) entries.push_back(each.entry);
  asio::co_spawn(bench.io(), bench.source.extend(entries), asio::detached);
  bench.run();
  CHECK(bench.shard(0).extended() == 1);
  CHECK(bench.shard(1).extended() == 2);
}

TEST_CASE("Q11: a shard that cannot be asked is told of, and the others go on") {
  sharded_bench bench{2, {3s}};
  broken_source broken;
  bench.source.add(broken);
  bench.fill(1, 3);
  std::size_t received = 0;
  bool told = false;
  for (int i = 0; i < 5 && !(told && received == 3); ++i) {
    bench.receive(10 - received);
    told = told || bench.failure;
    if (!bench.failure) received += bench.received->size();
  }
  CHECK(told);
  CHECK(received == 3);
  bench.queue(0).admit({request("left")}, 10);
  bench.queue(0).read("another", 1, std::chrono::steady_clock::now() - 1h);
  for (std::size_t shard : {0U, 1U}) bench.shard(shard).wake();  // so that it is quiet
  bench.run();
  CHECK(bench.wait_for(bench.source.find_abandoned()).size() == 1);
  asio::co_spawn(bench.io(), bench.source.extend({"2/1", "1/1"}),
                 [&](std::exception_ptr failed) { bench.failure = failed; });
  bench.run();
  CHECK(bench.failure);
  CHECK(bench.shard(1).extended() == 1);
}

TEST_CASE(
    "Q11: a shard that cannot be asked is left alone for a moment, told of once, and holds up no other") {
  sharded_bench bench{2};
  broken_source broken;
  bench.source.add(broken);
  constexpr int rounds = 100;
  bench.fill(1, 10 * rounds);
  for (int i = 0; i < rounds; ++i) {
    bench.receive(4);
    REQUIRE_FALSE(bench.failure);
    REQUIRE_FALSE(bench.received->empty());
  }
  CHECK(broken.asked >= 1);
  CHECK(broken.asked < rounds / 2);
  bench.queue(1).read("another", 10 * rounds, std::chrono::steady_clock::now());
  bench.receive(4);
  CHECK(std::exchange(bench.failure, nullptr));
  bench.receive(4);  // comes back with nothing if the moment is over meanwhile
  CHECK_FALSE(bench.failure);
  CHECK(bench.received.value_or(std::vector<cluster::delivery>{}).empty());
}

TEST_CASE("when no shard can be asked, that is told as often as somebody asks") {
  sharded_bench bench{0};
  broken_source one, other;
  bench.source.add(one);
  bench.source.add(other);
  for (int i = 0; i < 10; ++i) {
    bench.receive(4);
    CHECK(bench.failure);
  }
  CHECK(one.asked >= 1);
  CHECK(other.asked >= 1);
}

TEST_CASE("an entry of no shard is named") {
  sharded_bench bench{2};
  for (const char* entry : {"2/1", "x/1", "17", ""}) {
    asio::co_spawn(bench.io(), bench.source.extend({entry}),
                   [&](std::exception_ptr failed) { bench.failure = failed; });
    bench.run();
    REQUIRE(bench.failure);
    CHECK_THROWS_WITH_AS(std::rethrow_exception(bench.failure),
                         ("no shard has an entry " + std::string(entry)).c_str(), std::invalid_argument);
  }
}

TEST_CASE("Q11: a worker replies to all shards' texts, adopts alone, and leaves nothing when it stops") {
  const cluster::lease lease{3s};
  sharded_bench bench{3, lease};
  std::size_t running = 0, together = 0;
  const auto run = [&](cluster::text_request text,
                       carpool::time_point) -> asio::awaitable<cluster::text_reply> {
    ++running;
    co_await asio::post(bench.io(), asio::use_awaitable);
    if (text.text == "left") together = std::max(together, running);
    --running;
    co_return cluster::text_result{.values = {1}, .tokens = 1};
  };
  bench.queue(2).admit({request("left")}, 10);
  bench.queue(2).read("another", 1, std::chrono::steady_clock::now() - 1h);
  for (std::size_t shard = 0; shard < 3; ++shard) bench.fill(shard, 20);
  cluster::worker worker{bench.io().get_executor(), bench.source, run, {.capacity = 8, .lease = lease}};
  bool ended = false;
  asio::co_spawn(bench.io(), worker.work(), [&](std::exception_ptr) { ended = true; });
  std::set<std::string> answered;
  const auto step = [&] {  // a source waits for a moment only
    for (std::size_t shard = 0; shard < 3; ++shard) {
      bench.shard(shard).wake();
      for (const auto& each : bench.queue(shard).take_replies("gateway"))
        CHECK(answered.insert(each.id).second);
    }
    bench.io().restart();
    bench.io().poll_one();
  };
  for (int i = 0; i < 100'000 && answered.size() < 61; ++i) step();
  CHECK(answered.size() == 61);
  CHECK(together == 1);
  bench.run();  // until all shards are read, and wait
  const auto stop = [&]() -> asio::awaitable<void> {
    co_await bench.source.quiet();
    worker.stop();
    bench.source.go_on();
  };
  asio::co_spawn(bench.io(), stop(), asio::detached);
  bench.run();
  bench.fill(1, 1);  // for the read that has begun
  for (int i = 0; i < 100'000 && !ended; ++i) step();
  CHECK(ended);
  for (std::size_t shard = 0; shard < 3; ++shard) CHECK(bench.queue(shard).pending() == 0);
  CHECK(bench.queue(1).length() == 0);
}
