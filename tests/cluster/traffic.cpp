// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Texts through a real Redis, to real processes of workers around a toy model, and back.

#include "scene.hpp"
#include <carpool/error.hpp>

#include <string>
#include <vector>

using namespace carpool::test;
using cluster::failure_code;

TEST_CASE("texts go through the queue and come back in their order, from two workers") {
  const redis_server redis;
  const auto one = start_worker(redis), two = start_worker(redis);
  test_gateway gateway(redis.socket());
  const auto texts = many_texts(60);
  const auto replies = gateway.submit(texts).get();
  REQUIRE(replies.size() == texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) check_result(replies[i], texts[i]);
  check_empty(redis);
  end(*one);
  end(*two);
  CHECK(redis.ask("XINFO CONSUMERS '{cp:default}:req' w").empty());
}

TEST_CASE("a text that the model does not take fails, and its mates do not") {
  const redis_server redis;
  const auto worker = start_worker(redis);
  test_gateway gateway(redis.socket());
  const auto replies = gateway.submit({"good", "boom", "fine"}).get();
  check_result(replies[0], "good");
  CHECK(code_of(replies[1]) == failure_code::model_failed);
  check_result(replies[2], "fine");
}

TEST_CASE("more texts than there is room for are refused as a whole, for all gateways together") {
  const redis_server redis;
  test_gateway one(redis.socket(), 10), other(redis.socket(), 10);
  auto waiting = one.submit(many_texts(8));
  await_length(redis, "req", 8);
  CHECK(error_of(other.submit(many_texts(3))) == carpool::error::queue_full);
  const auto worker = start_worker(redis);
  CHECK(waiting.get().size() == 8);
  CHECK(other.submit(many_texts(3)).get().size() == 3);
  CHECK(other.stats().rejected == 3);
}
