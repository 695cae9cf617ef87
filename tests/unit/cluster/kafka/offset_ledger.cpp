// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/kafka/offset_ledger.hpp"

#include "support/doctest.hpp"

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

using cluster::offset_ledger;
using position = offset_ledger::position;

TEST_CASE("K2: what is finished in order may be committed at once") {
  offset_ledger ledger;
  const auto first = ledger.begin({3, 10}), second = ledger.begin({3, 11});
  CHECK(ledger.finish(first) == position{3, 11});
  CHECK(ledger.finish(second) == position{3, 12});
}

TEST_CASE("K2: what is finished out of order waits for what is before it") {
  offset_ledger ledger;
  const auto a = ledger.begin({0, 0}), b = ledger.begin({0, 1}), c = ledger.begin({0, 2});
  CHECK_FALSE(ledger.finish(c));
  CHECK_FALSE(ledger.finish(b));
  CHECK(ledger.finish(a) == position{0, 3});
}

TEST_CASE("K2: offsets that Kafka has left out hold up nothing") {
  offset_ledger ledger;
  const auto a = ledger.begin({0, 5}), b = ledger.begin({0, 9});
  CHECK(ledger.finish(a) == position{0, 9});
  CHECK(ledger.finish(b) == position{0, 10});
}

TEST_CASE("K2: partitions do not wait for each other") {
  offset_ledger ledger;
  ledger.begin({0, 0});
  const auto other = ledger.begin({1, 0});
  CHECK(ledger.finish(other) == position{1, 1});
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
  CHECK(ledger.finish(after) == position{0, 8});
}

TEST_CASE("K4: a partition that is lost takes no other one's requests with it") {
  offset_ledger ledger;
  const auto kept = ledger.begin({1, 0});
  ledger.begin({0, 0});
  ledger.forget(0);
  CHECK(ledger.finish(kept) == position{1, 1});
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
