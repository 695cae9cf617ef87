// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Requests that kill their workers: the real worker and librdkafka, with a broker that librdkafka simulates.

#include "kafka_worker.hpp"
#include "log_lines.hpp"
#include "mock_kafka.hpp"
#include "support/await.hpp"
#include "support/doctest.hpp"
#include "test_requester.hpp"

#include <string>
#include <vector>

using namespace carpool::test;
using cluster::failure_code;

namespace {

const cluster::kafka_properties short_session{{"session.timeout.ms", "5000"}};

}  // namespace

TEST_CASE(
    "K11: a request that kills its workers is a dead letter after three tries, and no other one with it") {
  mock_kafka kafka{2};
  test_requester requester{kafka};
  auto texts = many_texts(12);
  texts[4] = "hold";  // what runs it goes away
  requester.send(texts);
  for (int tries = 1; tries <= 3; ++tries) {
    kafka_worker victim{kafka, 20, short_session};
    await([&] { return victim.has_begun("hold"); });
    if (tries > 1) CHECK(victim.begun().back() == "hold");  // nothing was begun beside it
  }
  kafka_worker heir{kafka, 20, short_session};
  requester.await_replies(texts.size());
  CHECK(requester.await_dead_letter().at == "cp.test.req:0:2");
  CHECK(requester.code_of("hold") == failure_code::poisonous);
  CHECK_FALSE(heir.has_begun("hold"));
  texts.erase(texts.begin() + 4);
  requester.check_results(texts, 4);
  await([&] { return kafka.all_committed() == 12; });
  CHECK(kafka.written(mock_kafka::topics().dead()) == 1);
}

TEST_CASE("K11: nothing is begun before the broker knows that it is") {
  const log_lines log;
  mock_kafka kafka{1};
  test_requester requester{kafka};
  kafka_worker worker{kafka};
  kafka.answer_commit(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
  requester.send({"a text"});
  await([&] { return log.has("cannot be committed that requests are begun"); });
  requester.await_replies(1);
  requester.check_results({"a text"});
  CHECK(worker.begun().size() == 1);
}
