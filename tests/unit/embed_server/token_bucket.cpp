// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/token_bucket.hpp"

#include "support/doctest.hpp"

using namespace embed_server;
using namespace std::chrono_literals;

namespace {
constexpr carpool::time_point start{1000s};
}

TEST_CASE("a bucket is full at first, and empty when a minute's worth is taken") {
  token_bucket bucket(60, start);
  CHECK(bucket.level(start) == 60);
  for (int i = 0; i < 60; ++i) CHECK(bucket.take(1, start));
  CHECK_FALSE(bucket.take(1, start));
}

TEST_CASE("it fills steadily, and never beyond a minute's worth") {
  token_bucket bucket(60, start);
  CHECK(bucket.take(60, start));
  CHECK(bucket.level(start + 1500ms) == doctest::Approx(1.5));
  CHECK_FALSE(bucket.take(2, start + 1500ms));
  CHECK(bucket.take(2, start + 2s));
  CHECK(bucket.level(start + 24h) == 60);
}

TEST_CASE("all is taken or nothing") {
  token_bucket bucket(10, start);
  CHECK_FALSE(bucket.take(11, start));
  CHECK(bucket.level(start) == 10);
}

TEST_CASE("what is given back is there again, but never more than a minute's worth") {
  token_bucket bucket(60, start);
  CHECK(bucket.take(50, start));
  bucket.give_back(20, start + 1s);
  CHECK(bucket.level(start + 1s) == 31);
  bucket.give_back(60, start + 1s);
  CHECK(bucket.level(start + 1s) == 60);
}

TEST_CASE("it tells how long until enough is there, and that it never will be") {
  token_bucket bucket(60, start);
  CHECK(bucket.time_until(60, start) == 0s);
  CHECK(bucket.take(60, start));
  CHECK(bucket.time_until(3, start) == 3s);
  CHECK(bucket.time_until(3, start + 1s) == 2s);
  CHECK_FALSE(bucket.time_until(61, start));
}

TEST_CASE("what it tells is enough: after that time the amount is there") {
  token_bucket bucket(7, start);  // no round number of nanoseconds
  CHECK(bucket.take(7, start));
  for (const double amount : {1.0, 2.0, 5.0, 7.0})
    CHECK(bucket.level(start + *bucket.time_until(amount, start)) >= amount);
}

TEST_CASE("another rate keeps what is left, as far as it fits") {
  token_bucket bucket(60, start);
  CHECK(bucket.take(30, start));
  bucket.set_rate(120, start);
  CHECK(bucket.level(start) == 30);
  CHECK(bucket.level(start + 1s) == 32);
  bucket.set_rate(10, start + 1s);
  CHECK(bucket.level(start + 1s) == 10);
}
