// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Texts through a real Redis, to real processes of workers around a toy model, and back.

#include "scene.hpp"
#include <carpool/error.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>

#include <csignal>
#include <string>
#include <vector>

using namespace carpool::test;
using cluster::failure_code;
using namespace std::chrono_literals;

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

TEST_CASE("who leaves takes the texts along that no worker has taken, and nobody else's") {
  const redis_server redis;
  test_gateway gateway(redis.socket());
  boost::asio::cancellation_signal leaving;
  auto left = gateway.submit({"one", "two"}, 60s, leaving.slot());
  await_length(redis, "req", 2);
  auto stays = gateway.submit({"three"});
  await_length(redis, "req", 3);
  CHECK(error_of(gateway.submit({"late"}, 20ms)) == carpool::error::expired);
  await_length(redis, "req", 3);
  gateway.ask([&](const cluster::remote_queue&) {
    leaving.emit(boost::asio::cancellation_type::terminal);
    return 0;
  });
  CHECK(error_of(std::move(left)) == boost::asio::error::operation_aborted);
  await_length(redis, "req", 1);
  const auto worker = start_worker(redis);
  check_result(stays.get()[0], "three");
  check_empty(redis);
  end(*worker);
  CHECK(worker->log().find("received 1 entries") != std::string::npos);
}

TEST_CASE("Q4: who leaves before Redis has answered takes the texts along when it has") {
  const redis_server redis;
  test_gateway gateway(redis.socket(), 100, 60s);
  auto stays = gateway.submit({"stays"});
  await_length(redis, "req", 1);
  redis.signal(SIGSTOP);
  boost::asio::cancellation_signal leaving;
  auto left = gateway.submit({"one", "two"}, 60s, leaving.slot());
  gateway.ask([&](const cluster::remote_queue&) {
    leaving.emit(boost::asio::cancellation_type::terminal);
    return 0;
  });
  CHECK(error_of(std::move(left)) == boost::asio::error::operation_aborted);
  CHECK(error_of(gateway.submit({"late"}, 20ms)) == carpool::error::expired);
  redis.signal(SIGCONT);
  await([&] { return texts_added(redis) == 4; });
  await_length(redis, "req", 1);
  const auto worker = start_worker(redis);
  check_result(stays.get()[0], "stays");
  CHECK(gateway.stats().cancelled == 2);
  CHECK(gateway.stats().expired == 1);
  CHECK(gateway.unwanted() == 0);
}

TEST_CASE("Q4: who is told that Redis does not answer leaves no text behind when it does") {
  const redis_server redis;
  test_gateway gateway(redis.socket());
  auto stays = gateway.submit({"stays"});
  await_length(redis, "req", 1);
  redis.signal(SIGSTOP);
  CHECK_THROWS_AS(gateway.submit({"one", "two"}).get(), cluster::redis_unavailable);
  redis.signal(SIGCONT);
  await([&] { return texts_added(redis) == 3; });
  await_length(redis, "req", 1);
  const auto worker = start_worker(redis);
  check_result(stays.get()[0], "stays");
  CHECK(gateway.stats().failed == 2);
  CHECK(gateway.unwanted() == 0);
}

TEST_CASE("Q4: who leaves while Redis is away leaves no text behind when it is back") {
  redis_server redis;
  test_gateway gateway(redis.socket(), 2000);
  auto stays = gateway.submit({"stays"});
  boost::asio::cancellation_signal leaving;
  auto left = gateway.submit(many_texts(1500), 60s, leaving.slot());
  await_length(redis, "req", 1501);
  gateway.catch_up();
  redis.kill();
  gateway.ask([&](const cluster::remote_queue&) {
    leaving.emit(boost::asio::cancellation_type::terminal);
    return 0;
  });
  CHECK(error_of(std::move(left)) == boost::asio::error::operation_aborted);
  // Until Redis has been asked in vain for as long as it may take.
  CHECK_THROWS_AS(gateway.submit({"refused"}).get(), cluster::redis_unavailable);
  redis.start();
  await_length(redis, "req", 1);
  const auto worker = start_worker(redis);
  check_result(stays.get()[0], "stays");
  CHECK(gateway.unwanted() == 0);
}

TEST_CASE(
    "Q4: a Redis that says too late that it has lost the scripts has not taken the text, and gets them "
    "again") {
  const redis_server redis;
  const auto worker = start_worker(redis);
  test_gateway gateway(redis.socket());
  check_result(gateway.submit({"before"}).get()[0], "before");
  redis.ask("SCRIPT FLUSH");
  redis.signal(SIGSTOP);
  CHECK_THROWS_AS(gateway.submit({"lost"}).get(), cluster::redis_unavailable);
  redis.signal(SIGCONT);
  await_recovery(gateway);
  CHECK(texts_added(redis) == 2);
  CHECK(gateway.unwanted() == 0);
  CHECK(gateway.ask([](const cluster::remote_queue& queue) { return queue.redis_works(); }));
  check_empty(redis);
}

TEST_CASE("who leaves while a worker has the text disturbs nobody") {
  const redis_server redis;
  test_gateway gateway(redis.socket());
  const auto worker = start_worker(redis);
  held_text held;
  boost::asio::cancellation_signal leaving;
  auto left = gateway.submit({held.text()}, 60s, leaving.slot());
  held.await_run();
  gateway.ask([&](const cluster::remote_queue&) {
    leaving.emit(boost::asio::cancellation_type::terminal);
    return 0;
  });
  CHECK(error_of(std::move(left)) == boost::asio::error::operation_aborted);
  await_length(redis, "req", 0);
  held.release();
  check_result(gateway.submit({"after"}).get()[0], "after");
  await([&] { return gateway.unwanted() == 1; });
  check_empty(redis);
  end(*worker);
}

TEST_CASE("replies that have been read do not stay in Redis for long") {
  const redis_server redis;
  const auto worker = start_worker(redis);
  test_gateway gateway(redis.socket());
  for (int i = 0; i < 5; ++i) CHECK(gateway.submit(many_texts(100)).get().size() == 100);
  const std::string replies = redis.ask("KEYS '{cp:default}:rep:*'");
  CHECK(std::stoi(redis.ask("XLEN '" + replies + "'")) < 400);
  await([&] { return redis.ask("XLEN '" + replies + "'") == "1"; });
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
