// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/rate_limiter.hpp"

#include "support/doctest.hpp"

using namespace embed_server;
using namespace std::chrono_literals;

namespace {
constexpr carpool::time_point start{1000s};
}

TEST_CASE("each client has a level of its own") {
  rate_limiter limiter;
  CHECK_FALSE(limiter.take(1, 2, 2, start));
  CHECK(limiter.take(1, 2, 1, start) == 30s);
  CHECK_FALSE(limiter.take(2, 2, 1, start));
  CHECK(limiter.level(2, 2, start).remaining == 1);
}

TEST_CASE("more than a minute's worth is never granted, and costs nothing") {
  rate_limiter limiter;
  CHECK(limiter.take(1, 2, 3, start) == carpool::duration::max());
  CHECK(limiter.level(1, 2, start).remaining == 2);
}

TEST_CASE("the level tells what is left, and when all of it is there again") {
  rate_limiter limiter;
  CHECK_FALSE(limiter.take(1, 60, 45, start));
  const auto level = limiter.level(1, 60, start + 500ms);
  CHECK(level.limit == 60);
  CHECK(level.remaining == 15);
  CHECK(level.reset == 44500ms);
}

TEST_CASE("clients that are kept keep their level, the others begin anew") {
  rate_limiter limiter;
  CHECK_FALSE(limiter.take(1, 10, 10, start));
  CHECK_FALSE(limiter.take(2, 10, 10, start));
  const std::uint64_t kept[] = {1};
  limiter.keep_only(kept);
  CHECK(limiter.level(1, 10, start).remaining == 0);
  CHECK(limiter.level(2, 10, start).remaining == 10);
}

TEST_CASE("a client whose limit changes keeps what it has left") {
  rate_limiter limiter;
  CHECK_FALSE(limiter.take(1, 10, 8, start));
  CHECK(limiter.level(1, 100, start).remaining == 2);
}

TEST_CASE("limits that are not given are those of everybody") {
  const rate_limits own{.requests = 5, .tokens = {}}, everybodys{.requests = 1, .tokens = 2};
  CHECK(own.or_else(everybodys).requests == 5u);
  CHECK(own.or_else(everybodys).tokens == 2u);
}
