// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/circuit_breaker.hpp"

#include "support/doctest.hpp"

#include <chrono>

using namespace std::chrono_literals;

TEST_CASE("Q4: after a failure one caller tries per pause, until one succeeds") {
  const carpool::time_point now{};
  cluster::circuit_breaker breaker{500ms};
  CHECK(breaker.allows(now));
  CHECK(breaker.pause_left(now) == 0s);
  CHECK_FALSE(breaker.broken());
  breaker.failed(now, now);
  CHECK_FALSE(breaker.allows(now + 499ms));
  CHECK(breaker.pause_left(now + 100ms) == 400ms);
  CHECK(breaker.allows(now + 500ms));
  CHECK_FALSE(breaker.allows(now + 501ms));
  CHECK(breaker.broken());
  breaker.succeeded(now + 501ms);
  CHECK_FALSE(breaker.broken());
  CHECK(breaker.allows(now + 501ms));
  CHECK(breaker.pause_left(now + 501ms) == 0s);
}

TEST_CASE("Q4: who began before the service answered somebody does not break it when he fails") {
  const carpool::time_point now{};
  cluster::circuit_breaker breaker{500ms};
  breaker.failed(now, now + 1s);
  breaker.succeeded(now + 1500ms);
  breaker.failed(now + 1s, now + 2s);
  CHECK_FALSE(breaker.broken());
  CHECK(breaker.allows(now + 2s));
  breaker.failed(now + 1500ms, now + 2500ms);
  CHECK(breaker.broken());
}
