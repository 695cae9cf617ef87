// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Faults of a cluster: a real Redis, real processes of workers around a toy model, and the gateway's end of
// the queue in the test.

#include "scene.hpp"
#include <carpool/error.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace carpool::test;
using namespace std::chrono_literals;
using cluster::failure_code;

TEST_CASE("Q1: what a worker held when it was killed is run by another one, once") {
  const redis_server redis;
  held_text held;
  test_gateway gateway(redis.socket());
  auto victim = start_worker(redis);
  auto texts = many_texts(5);
  texts.push_back(held.text());
  auto replies = gateway.submit(texts);
  held.await_run();
  victim->signal(SIGKILL);
  const auto heir = start_worker(redis);
  held.release();
  const auto received = replies.get();
  for (std::size_t i = 0; i < texts.size(); ++i) check_result(received[i], texts[i]);
  CHECK(gateway.unwanted() == 0);
  check_empty(redis);
  CHECK(redis.ask("XLEN '{cp:default}:dead'") == "0");
}

TEST_CASE("Q2: a worker that slept longer than its lease wakes up, and each text has one reply") {
  const redis_server redis;
  held_text held;
  test_gateway gateway(redis.socket());
  const auto sleeper = start_worker(redis);
  auto replies = gateway.submit({held.text()});
  held.await_run();
  sleeper->signal(SIGSTOP);
  const auto other = start_worker(redis);
  other->await_line("was abandoned");
  sleeper->signal(SIGCONT);
  held.release();
  check_result(replies.get()[0], held.text());
  end(*sleeper);
  end(*other);
  CHECK(gateway.unwanted() == 0);
  check_empty(redis);
}

TEST_CASE("Q2: a batch that takes longer than the lease stays with its worker") {
  const redis_server redis;
  held_text held;
  test_gateway gateway(redis.socket());
  const auto slow = start_worker(redis, {}, "2000"), other = start_worker(redis, {}, "2000");
  auto replies = gateway.submit({held.text()});
  held.await_run();
  // Until the lease has been extended six times, which is twice as long as it lasts.
  long idle = 0, extensions = 0;
  await([&] {
    const long before =
        std::exchange(idle, std::stol(redis.ask("XPENDING '{cp:default}:req' w - + 1 | sed -n 3p")));
    return (extensions += idle < before) >= 6;
  });
  CHECK(redis.ask("XPENDING '{cp:default}:req' w - + 1 | tail -1") == "1");
  held.release();
  check_result(replies.get()[0], held.text());
  CHECK(slow->log().find("abandoned: delivery") == std::string::npos);
  CHECK(other->log().find("abandoned: delivery") == std::string::npos);
}

TEST_CASE("Q3: when Redis starts again, what it had accepted is still answered") {
  redis_server redis;
  test_gateway gateway(redis.socket());
  auto replies = gateway.submit(many_texts(5));
  await_length(redis, "req", 5);
  redis.kill();
  redis.start();
  const auto worker = start_worker(redis);
  CHECK(replies.get().size() == 5);
  check_empty(redis);
}

TEST_CASE("Q3: when Redis starts again under workers and gateways, they go on with it") {
  redis_server redis;
  test_gateway gateway(redis.socket());
  const auto worker = start_worker(redis);
  CHECK(gateway.submit({"before"}).get().size() == 1);
  redis.stop();
  redis.start();
  await_recovery(gateway);
}

TEST_CASE("Q3: when Redis forgets everything, workers make their group again and the next text is answered") {
  const redis_server redis;
  test_gateway gateway(redis.socket());
  const auto worker = start_worker(redis);
  CHECK(gateway.submit({"before"}).get().size() == 1);
  redis.ask("FLUSHALL");
  redis.ask("SCRIPT FLUSH");
  check_result(gateway.submit({"after"}).get()[0], "after");
}

TEST_CASE("Q3: callers whose texts Redis has forgotten are told at their deadline") {
  const redis_server redis;
  test_gateway gateway(redis.socket());
  auto lost = gateway.submit({"lost"}, 1s);
  await_length(redis, "req", 1);
  redis.ask("FLUSHALL");
  CHECK(error_of(std::move(lost)) == carpool::error::expired);
  CHECK(gateway.stats().expired == 1);
}

TEST_CASE("Q4: while Redis is frozen callers are told that it is unavailable, and then it goes on") {
  const redis_server redis;
  test_gateway gateway(redis.socket());
  const auto worker = start_worker(redis);
  CHECK(gateway.submit({"before"}).get().size() == 1);
  redis.signal(SIGSTOP);
  CHECK_THROWS_AS(gateway.submit({"frozen"}).get(), cluster::redis_unavailable);
  CHECK_FALSE(gateway.ask([](const cluster::remote_queue& queue) { return queue.redis_works(); }));
  CHECK_THROWS_AS(gateway.submit({"at once"}).get(), cluster::redis_unavailable);
  redis.signal(SIGCONT);
  await_recovery(gateway);
}

TEST_CASE("Q4: a caller who leaves while Redis is asked is no failure of Redis") {
  const redis_server redis;
  test_gateway gateway(redis.socket());
  const auto worker = start_worker(redis);
  CHECK(gateway.submit({"before"}).get().size() == 1);
  redis.signal(SIGSTOP);
  boost::asio::cancellation_signal leaving;
  auto left = gateway.submit({"lost"}, 60s, leaving.slot());
  const bool works = gateway.ask([&](const cluster::remote_queue& queue) {
    leaving.emit(boost::asio::cancellation_type::terminal);
    return queue.redis_works();
  });
  CHECK(works);
  CHECK(error_of(std::move(left)) == boost::asio::error::operation_aborted);
  CHECK(gateway.stats().cancelled == 1);
  redis.signal(SIGCONT);
  check_result(gateway.submit({"after"}).get()[0], "after");
}

TEST_CASE("Q5: a Redis whose memory is full takes nothing and evicts nothing, and what waits is answered") {
  const redis_server redis({"--maxmemory-policy", "noeviction"});
  test_gateway gateway(redis.socket());
  const auto worker = start_worker(redis);
  CHECK(gateway.submit({"before"}).get().size() == 1);
  worker->signal(SIGSTOP);
  auto waiting = gateway.submit(many_texts(3));
  await_length(redis, "req", 3);
  redis.ask("CONFIG SET maxmemory 1");
  try {
    gateway.submit({"too much"}).get();
    FAIL_CHECK("was taken");
  } catch (const cluster::redis_unavailable& error) {
    CHECK(std::string(error.what()).find("OOM") != std::string::npos);
  }
  CHECK(redis.ask("XLEN '{cp:default}:req'") == "3");
  worker->signal(SIGCONT);
  CHECK(waiting.get().size() == 3);
  check_empty(redis);
}

TEST_CASE(
    "Q6: a text that kills its workers goes to the dead letters after three tries, and no other text with "
    "it") {
  const redis_server redis;
  test_gateway gateway(redis.socket());
  auto texts = many_texts(6);
  texts.insert(texts.begin() + 2, "die");
  auto replies = gateway.submit(texts);
  for (int tries = 1; tries <= 3; ++tries) {
    const auto victim = start_worker(redis);
    INFO(victim->log());
    CHECK(victim->wait() == -SIGKILL);
  }
  const auto worker = start_worker(redis);
  const auto received = replies.get();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i] == "die")
      CHECK(code_of(received[i]) == failure_code::poisonous);
    else
      check_result(received[i], texts[i]);
  }
  CHECK(redis.ask("XLEN '{cp:default}:dead'") == "1");
  check_empty(redis);
}

TEST_CASE(
    "Q7: replies to a gateway that is gone are not taken for another one's, and are forgotten in time") {
  const redis_server redis;
  held_text held;
  const auto worker = start_worker(redis);
  auto before = std::make_unique<test_gateway>(redis.socket());
  auto lost = before->submit({held.text()});
  held.await_run();
  before.reset();
  CHECK(error_of(std::move(lost)) == carpool::error::shut_down);
  test_gateway gateway(redis.socket());
  held.release();
  check_result(gateway.submit({"mine"}).get()[0], "mine");
  CHECK(gateway.unwanted() == 0);
  for (const char* pattern : {"{cp:default}:rep:*", "{cp:default}:done:*"})
    CHECK(redis.ask("--scan --pattern '" + std::string(pattern) + "' | while read key; do redis-cli -s " +
                    redis.socket() + " TTL $key; done | grep -c '^-'") == "0");
}

TEST_CASE("Q8: a reply that Redis cannot take where it belongs is not lost when it can") {
  const redis_server redis;
  held_text held;
  test_gateway gateway(redis.socket());
  const auto worker = start_worker(redis);
  auto replies = gateway.submit({held.text()});
  held.await_run();
  const auto key = redis.ask("XRANGE '{cp:default}:req' - + | sed -n '/^to$/{n;p}'");
  redis.ask("SET '" + key + "' 'not a stream'");
  held.release();
  await([&] {  // until it has tried twice
    const std::string failures = redis.ask("INFO commandstats | grep evalsha: | sed 's/.*failed_calls=//'");
    return !failures.empty() && std::stol(failures) >= 2;
  });
  redis.ask("DEL '" + key + "'");
  check_result(replies.get()[0], held.text());
  check_empty(redis);
}

TEST_CASE("Q8: an entry that is deleted under its worker hurts nobody") {
  const redis_server redis;
  held_text held;
  test_gateway gateway(redis.socket());
  const auto victim = start_worker(redis);
  auto lost = gateway.submit({held.text()}, 5s);
  held.await_run();
  victim->signal(SIGKILL);
  victim->wait();
  redis.ask("XTRIM '{cp:default}:req' MAXLEN 0");
  const auto worker = start_worker(redis);
  check_result(gateway.submit({"after"}).get()[0], "after");
  CHECK(error_of(std::move(lost)) == carpool::error::expired);
  check_empty(redis);
}

TEST_CASE("Q9: entries that nobody can read go to the dead letters, with a reply where that is possible") {
  const redis_server redis;
  const auto worker = start_worker(redis);
  test_gateway gateway(redis.socket());
  const std::string add = "XADD '{cp:default}:req' '*' ";
  redis.ask(add + "nothing known");
  redis.ask(add + "id 1 to '{cp:default}:rep:me' p \"$(printf '\\002')\"");
  redis.ask(add + "id 2 to '{cp:default}:rep:me' p rubbish");
  redis.ask(add + "id 3 to 'somebody:elses:key' p rubbish");
  const temporary_folder folder;
  const auto readable = folder.write(
      "payload", encode(cluster::text_request{.text = "untold", .deadline = cluster::wall_time::max()}));
  redis.ask("-x XADD '{cp:default}:req' '*' id 4 to somebody:elses:key p <" + readable.string());
  check_result(gateway.submit({"good"}).get()[0], "good");
  await_length(redis, "dead", 4);
  await_length(redis, "req", 0);
  CHECK(redis.ask("XLEN '{cp:default}:rep:me'") == "2");
  CHECK(redis.ask("EXISTS somebody:elses:key") == "0");
  check_empty(redis);
}
