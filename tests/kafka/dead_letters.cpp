// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Requests and replies that cannot be read or written: the real worker, with a broker that librdkafka
// simulates.

#include "cluster/kafka/kafka_error.hpp"
#include "cluster/run_alone.hpp"
#include "kafka_worker.hpp"
#include "log_lines.hpp"
#include "mock_kafka.hpp"
#include "support/await.hpp"
#include "support/doctest.hpp"
#include "test_requester.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace carpool::test;
using cluster::failure_code;

namespace {

// Whether it is seen, when the broker answers again, that it does, though it answers with a refusal.
boost::asio::awaitable<bool> reject_twice(cluster::kafka_source& source, mock_kafka& kafka) {
  std::vector<cluster::delivery> received;
  while (received.empty()) received = co_await source.receive(1);
  kafka.answer_writes({RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                       RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  bool failed = false;
  try {
    co_await source.reject(received.front(), "why");
  } catch (const cluster::kafka_unavailable&) {
    failed = true;
  }
  co_await source.reject(received.front(), "why");
  co_await source.receive(1);  // throws while nothing can be written
  co_return failed;
}

}  // namespace

TEST_CASE("K6: what cannot be read goes to the dead letters, its requester is told, and others are fine") {
  mock_kafka kafka{1};
  test_requester requester{kafka};
  kafka_worker worker{kafka};
  requester.send("rubbish", "\1rubbish");
  std::string newer = test_requester::payload("x");
  ++newer[0];
  requester.send("newer", newer);
  requester.send("", "nobody to tell", "somebody.elses.topic");
  requester.send({"good"});
  requester.await_replies(3);
  CHECK(requester.code_of("rubbish") == failure_code::unreadable);
  CHECK(requester.code_of("newer") == failure_code::unreadable);
  requester.check_results({"good"});
  std::vector<std::string> dead{requester.await_dead_letter().payload, requester.await_dead_letter().payload,
                                requester.await_dead_letter().payload};
  std::ranges::sort(dead);
  CHECK(dead == std::vector<std::string>{"\1rubbish", newer, "nobody to tell"});
  await([&] { return kafka.committed()[0] == 4; });
}

TEST_CASE(
    "K7: a request whose reply is refused goes to the dead letters, its requester is told, and its partition "
    "goes on") {
  mock_kafka kafka{1};
  test_requester requester{kafka};
  kafka_worker worker{kafka};
  requester.send({"hold"});
  await([&] { return worker.has_begun("hold"); });
  kafka.answer_writes({RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  worker.release();
  CHECK(requester.await_dead_letter().payload == test_requester::payload("hold"));
  requester.send({"after"});
  requester.await_replies(2);
  CHECK(requester.code_of("hold") == failure_code::unavailable);
  requester.check_results({"after"});
  await([&] { return kafka.committed()[0] == 2; });
}

TEST_CASE(
    "K7: a request whose requester's topic is gone goes to the dead letters, and its partition goes on") {
  mock_kafka kafka{1};
  test_requester requester{kafka};
  const std::string gone = mock_kafka::topics().replies("gone"), payload = test_requester::payload("lost");
  kafka.hide(gone);
  kafka_worker worker{kafka};
  requester.send("lost", payload, gone);
  CHECK(requester.await_dead_letter().payload == payload);
  requester.send({"after"});
  requester.await_replies(1);
  requester.check_results({"after"});
  await([&] { return kafka.committed()[0] == 2; });
}

TEST_CASE("K7: a dead letter that is too large goes without its payload, and says where the request was") {
  mock_kafka kafka{1};
  test_requester requester{kafka};
  kafka_worker worker{kafka, 8, {{"message.max.bytes", "2000"}}};
  requester.send({"before"});
  requester.send("large", std::string(5000, '\1'));
  requester.await_replies(2);
  CHECK(requester.code_of("large") == failure_code::unreadable);
  const auto dead = requester.await_dead_letter();
  CHECK(dead.payload == "");
  CHECK(dead.at == "cp.test.req:0:1");
  await([&] { return kafka.committed()[0] == 2; });
}

TEST_CASE("K7: a request that cannot become a dead letter is in the log, and its partition goes on") {
  const log_lines log;
  mock_kafka kafka{1};
  kafka.hide(mock_kafka::topics().dead());
  kafka.hide(mock_kafka::topics().replies("gone"));
  test_requester requester{kafka};
  kafka_worker worker{kafka, 1, {{"topic.metadata.propagation.max.ms", "500"}}};
  requester.send("rubbish", "\1rubbish");
  requester.send("lost", test_requester::payload("lost"), mock_kafka::topics().replies("gone"));
  requester.send({"after"});
  requester.await_replies(2);
  CHECK(requester.code_of("rubbish") == failure_code::unreadable);
  requester.check_results({"after"});
  await([&] { return kafka.committed()[0] == 3; });
  CHECK(log.has("[error] the request cp.test.req:0:0 is done with, without a dead letter"));
  CHECK(log.has("[error] the request cp.test.req:0:1 is done with, without a dead letter"));
}

TEST_CASE("K7: a request whose reply is not taken for a while becomes one dead letter, not several") {
  mock_kafka kafka{1};
  test_requester requester{kafka};
  requester.send("rubbish", "\1rubbish");
  await([&] { return kafka.written(mock_kafka::topics().requests()) == 1; });
  std::vector answers(4, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
  answers[0] = RD_KAFKA_RESP_ERR_NO_ERROR;  // to the dead letter
  kafka.answer_writes(answers);
  kafka_worker worker{kafka, 8, {{"retries", "0"}}};
  requester.await_replies(1);
  CHECK(requester.code_of("rubbish") == failure_code::unreadable);
  CHECK(kafka.written(mock_kafka::topics().dead()) == 1);
  await([&] { return kafka.committed()[0] == 1; });
}

TEST_CASE("K7: a reply that is not taken for a while is kept, and nothing is committed before it is") {
  mock_kafka kafka{1};
  test_requester requester{kafka};
  kafka_worker worker{kafka, 8, {{"retries", "0"}}};
  requester.send({"hold"});
  await([&] { return worker.has_begun("hold"); });
  kafka.answer_writes(std::vector(8, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS));
  worker.release();
  await([&] { return kafka.committed()[0] == 1; });
  CHECK(kafka.written(mock_kafka::topics().replies("me")) >= 1);
  requester.await_replies(1);
  requester.check_results({"hold"}, 2);
}

TEST_CASE("K7: who is refused for good knows that the broker is there again") {
  mock_kafka kafka{1};
  test_requester requester{kafka};
  requester.send("", "nobody to tell", "somebody.elses.topic");
  await([&] { return kafka.written(mock_kafka::topics().requests()) == 1; });
  boost::asio::io_context io{1};
  cluster::kafka_source source{io.get_executor(), kafka.settings({{"retries", "0"}})};
  CHECK(cluster::run_alone(io, reject_twice(source, kafka)));
}
