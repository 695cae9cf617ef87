// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Faults of workers on Kafka: the real worker and librdkafka, with a broker that librdkafka simulates.

#include "kafka_worker.hpp"
#include "log_lines.hpp"
#include "mock_kafka.hpp"
#include "support/await.hpp"
#include "support/doctest.hpp"
#include "test_requester.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

using namespace carpool::test;

namespace {

// Short, so that a worker that has gone is missed soon, and long enough for a busy machine.
const cluster::kafka_properties short_session{{"session.timeout.ms", "5000"}};

}  // namespace

TEST_CASE("K1: what a worker held when it went away is run by another one") {
  mock_kafka kafka{2};
  test_requester requester{kafka};
  auto texts = many_texts(10);
  texts[3] = "hold 3";
  {
    kafka_worker victim{kafka, 8, short_session};
    requester.send(texts);
    await([&] { return victim.has_begun("hold 3"); });
  }
  kafka_worker heir{kafka, 8, short_session};
  heir.release();
  requester.await_replies(texts.size());
  requester.check_results(texts, 2);
  await([&] { return kafka.all_committed() == static_cast<std::int64_t>(texts.size()); });
}

TEST_CASE("K2: while a request is not finished, it and those behind it stay to be delivered again") {
  mock_kafka kafka{1};
  test_requester requester{kafka};
  auto texts = many_texts(10);
  texts[3] = "hold 3";
  {
    kafka_worker victim{kafka, 20, short_session};
    requester.send(texts);
    requester.await_replies(9);
    await([&] { return kafka.committed()[0] == 3; });
  }
  kafka_worker heir{kafka, 20, short_session};
  await([&] { return !heir.begun().empty(); });
  CHECK(kafka.committed()[0] == 3);
  heir.release();
  requester.await_replies(10);
  await([&] { return heir.begun().size() == 7; });
  CHECK(heir.begun() == std::vector<std::string>(texts.begin() + 3, texts.end()));
  requester.check_results(texts, 2);
  await([&] { return kafka.committed()[0] == 10; });
}

TEST_CASE("K4: a worker that joins gets partitions from one that has no room, and nothing is lost") {
  mock_kafka kafka{4};
  test_requester requester{kafka};
  kafka_worker full{kafka, 1, short_session};
  requester.send({"hold 0"});
  await([&] { return full.has_begun("hold 0"); });
  kafka_worker joined{kafka, 8, short_session};
  std::vector<std::string> texts{"hold 0"};
  await([&] {  // until the second worker answers some
    texts.push_back("text " + std::to_string(texts.size()));
    requester.send({texts.back()});
    requester.take_replies(std::chrono::milliseconds{100});
    return !joined.begun().empty();
  });
  CHECK(full.begun().size() == 1);
  full.release();
  joined.release();
  requester.await_replies(texts.size());
  requester.check_results(texts, 2);
  const auto more = many_texts(40, "more");
  requester.send(more);
  requester.await_replies(texts.size() + more.size());
  CHECK(std::ranges::any_of(more, [&](const auto& each) { return full.has_begun(each); }));
  CHECK(std::ranges::any_of(more, [&](const auto& each) { return joined.has_begun(each); }));
  await([&] { return kafka.all_committed() == static_cast<std::int64_t>(requester.sent()); });
}

TEST_CASE("K4: when a worker leaves in good order, another one goes on, and nothing is run twice") {
  mock_kafka kafka{2};
  test_requester requester{kafka};
  kafka_worker first{kafka, 8, short_session};
  const auto before = many_texts(10, "before"), after = many_texts(10, "after");
  requester.send(before);
  requester.await_replies(10);
  first.leave();
  requester.send(after);
  kafka_worker second{kafka, 8, short_session};
  requester.await_replies(20);
  requester.check_results(before);
  requester.check_results(after);
  CHECK(second.begun().size() == 10);
}

TEST_CASE("K3: when the broker is away and comes back, the worker replies and goes on by itself") {
  const log_lines log;
  mock_kafka kafka{2};
  test_requester requester{kafka};
  kafka_worker worker{kafka, 1, {{"message.timeout.ms", "1000"}}};
  requester.send({"before"});
  requester.await_replies(1);
  requester.send({"hold"});
  await([&] { return worker.has_begun("hold"); });
  kafka.go_down();
  worker.release();
  requester.send({"meanwhile"});
  await([&] { return log.has("cannot reply"); });
  kafka.come_up();
  requester.send({"after"});
  requester.await_replies(4);
  requester.check_results({"before", "hold", "meanwhile", "after"}, 2);
  await([&] { return kafka.all_committed() == 4; });
}

TEST_CASE("K8: a batch that takes longer than max.poll.interval.ms stays with its worker") {
  const log_lines log;
  mock_kafka kafka{1};
  test_requester requester{kafka};
  kafka_worker worker{kafka, 1, {{"session.timeout.ms", "3000"}, {"max.poll.interval.ms", "3000"}}};
  requester.send({"hold"});
  await([&] { return worker.has_begun("hold"); });
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{7};
  await([&] { return std::chrono::steady_clock::now() > until; });
  CHECK_FALSE(log.has("MAXPOLL"));
  worker.release();
  requester.await_replies(1);
  requester.check_results({"hold"});
  await([&] { return kafka.committed()[0] == 1; });
}
