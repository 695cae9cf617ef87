// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/kafka/offset_ledger.hpp"

#include "support/doctest.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

using cluster::bookmark;
using cluster::offset_ledger;

namespace {

// What may be committed; -1 if nothing.
std::int64_t offset_of(const std::optional<bookmark>& mark) { return mark ? mark->offset : -1; }

}  // namespace

TEST_CASE("K2: what is finished in order may be committed at once") {
  offset_ledger ledger;
  const auto first = ledger.begin({3, 10}), second = ledger.begin({3, 11});
  CHECK(offset_of(ledger.finish(first)) == 11);
  CHECK(offset_of(ledger.finish(second)) == 12);
}

TEST_CASE("K2: what is finished out of order waits for what is before it") {
  offset_ledger ledger;
  const auto a = ledger.begin({0, 0}), b = ledger.begin({0, 1}), c = ledger.begin({0, 2});
  CHECK_FALSE(ledger.finish(c));
  CHECK_FALSE(ledger.finish(b));
  CHECK(offset_of(ledger.finish(a)) == 3);
}

TEST_CASE("K2: offsets that Kafka has left out hold up nothing") {
  offset_ledger ledger;
  const auto a = ledger.begin({0, 5}), b = ledger.begin({0, 9});
  CHECK(offset_of(ledger.finish(a)) == 9);
  CHECK(offset_of(ledger.finish(b)) == 10);
}

TEST_CASE("K2: partitions do not wait for each other") {
  offset_ledger ledger;
  ledger.begin({0, 0});
  const auto other = ledger.begin({1, 0});
  CHECK(offset_of(ledger.finish(other)) == 1);
}

TEST_CASE("K2: a request is finished once") {
  offset_ledger ledger;
  const auto a = ledger.begin({0, 0});
  CHECK(ledger.finish(a));
  CHECK_FALSE(ledger.finish(a));
  CHECK_FALSE(ledger.finish("of another worker"));
}

TEST_CASE("K4: what was delivered before the partition was lost does not count when it comes back") {
  offset_ledger ledger;
  const auto before = ledger.begin({0, 7});
  ledger.forget(0);
  const auto after = ledger.begin({0, 7});
  CHECK(before != after);
  CHECK_FALSE(ledger.finish(before));
  CHECK(offset_of(ledger.finish(after)) == 8);
}

TEST_CASE("K4: a partition that is lost takes no other one's requests with it") {
  offset_ledger ledger;
  const auto kept = ledger.begin({1, 0});
  ledger.begin({0, 0});
  ledger.forget(0);
  CHECK(offset_of(ledger.finish(kept)) == 1);
}

TEST_CASE("K2: in whatever order requests end, nothing is committed past one that has not") {
  std::mt19937 random{1};
  for (int round = 0; round < 200; ++round) {
    offset_ledger ledger;
    std::vector<std::pair<std::string, std::int64_t>> open;
    std::set<std::int64_t> unfinished;
    std::int64_t next = 0, committed = 0;
    while (next < 50 || !open.empty()) {
      if (next < 50 && random() % 2 == 0) {
        open.emplace_back(ledger.begin({0, next}), next);
        unfinished.insert(next++);
      } else if (!open.empty()) {
        std::swap(open[random() % open.size()], open.back());
        const auto [entry, offset] = open.back();
        open.pop_back();
        unfinished.erase(offset);
        if (const auto committable = ledger.finish(entry)) {
          CHECK(committable->offset > committed);
          committed = committable->offset;
        }
        REQUIRE(committed == (unfinished.empty() ? next : *unfinished.begin()));
      }
    }
  }
}

TEST_CASE("K11: before requests are begun it is known what to commit") {
  offset_ledger ledger;
  const auto a = ledger.begin({0, 4});
  const auto marks = ledger.before({{0, 5}, {1, 7}, {0, 9}});
  CHECK(marks == std::vector{bookmark{0, 4, 10, 1}, bookmark{1, 7, 8, 1}});
  CHECK(ledger.mark(0) == bookmark{0, 4, 5, 1});
  CHECK_FALSE(ledger.has(1));
  ledger.finish(a);
  CHECK(ledger.mark(0) == bookmark{0, 5, 5, 0});
}

TEST_CASE("K11: what others had begun is delivered again, the first one as often as they say and once more") {
  offset_ledger ledger;
  ledger.open({.partition = 2, .offset = 5, .begun = 8, .times = 3});
  CHECK(ledger.times({2, 5}) == 4);
  CHECK(ledger.times({2, 6}) == 2);
  CHECK(ledger.times({2, 7}) == 2);
  CHECK(ledger.times({2, 8}) == 1);
  CHECK(ledger.times({1, 5}) == 1);
}

TEST_CASE("K11: a request's deliveries are not forgotten, whoever gets its partition, until it is finished") {
  bookmark mark{.partition = 0, .offset = 5, .begun = 7, .times = 1};
  for (std::uint64_t times = 2; times <= 4; ++times) {
    offset_ledger ledger;
    ledger.open(mark);
    CHECK(ledger.mark(0) == mark);  // as it goes on if nothing is begun
    REQUIRE(ledger.times({0, 5}) == times);
    mark = ledger.before({{0, 5}}).at(0);
    CHECK(mark == bookmark{0, 5, 7, times});
  }
  offset_ledger ledger;
  ledger.open(mark);
  CHECK(ledger.finish(ledger.begin({0, 5})) == bookmark{0, 6, 7, 1});
  CHECK(ledger.finish(ledger.begin({0, 6})) == bookmark{0, 7, 7, 0});
}
