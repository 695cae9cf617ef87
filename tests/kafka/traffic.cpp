// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "kafka_worker.hpp"
#include "mock_kafka.hpp"
#include "support/await.hpp"
#include "support/doctest.hpp"
#include "test_requester.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace carpool::test;

namespace {

void run(boost::asio::io_context& io) {
  io.restart();
  io.run_one_for(std::chrono::milliseconds{100});
}

// What can be taken now.
std::vector<cluster::kafka_consumer::request> take(boost::asio::io_context& io,
                                                   cluster::kafka_consumer& consumer, std::size_t most) {
  std::vector<cluster::kafka_consumer::request> requests;
  bool ended = false;
  boost::asio::co_spawn(io, consumer.take(most), [&](std::exception_ptr failed, auto taken) {
    CHECK_FALSE(failed);
    requests = std::move(taken);
    ended = true;
  });
  while (!ended) run(io);
  return requests;
}

void make_source(const mock_kafka& kafka, const cluster::kafka_properties& properties) {
  boost::asio::io_context io;
  cluster::kafka_source{io.get_executor(), kafka.settings(properties)};
}

}  // namespace

TEST_CASE("each request in Kafka has one reply, and the committed offsets reach the end") {
  mock_kafka kafka{4};
  test_requester requester{kafka};
  kafka_worker worker{kafka};
  const auto texts = many_texts(400);
  requester.send(texts);
  requester.await_replies(texts.size());
  requester.check_results(texts);
  await([&] { return kafka.all_committed() == static_cast<std::int64_t>(texts.size()); });
  CHECK(worker.begun().size() == texts.size());
}

TEST_CASE("K2: who leaves commits what is finished at once") {
  mock_kafka kafka{2};
  test_requester requester{kafka};
  kafka_worker worker{kafka};
  const auto texts = many_texts(20);
  requester.send(texts);
  requester.await_replies(texts.size());
  worker.leave();
  CHECK(kafka.committed() == std::vector<std::int64_t>{10, 10});
}

TEST_CASE("K5: what nobody takes waits in bounded number, and comes in order and once when there is room") {
  constexpr std::size_t count = 3000;
  mock_kafka kafka{1};
  test_requester requester{kafka};
  requester.send(many_texts(count));
  boost::asio::io_context io;
  cluster::kafka_consumer consumer{io.get_executor(), kafka.settings()};
  await([&] {
    run(io);
    return consumer.waiting() > 512;
  });
  std::vector<std::int64_t> offsets;
  await([&] {
    CHECK(consumer.waiting() <= 513);
    for (const auto& each : take(io, consumer, 50)) offsets.push_back(each.message->offset);
    return offsets.size() == count;
  });
  for (std::size_t i = 0; i < count; ++i) REQUIRE(offsets[i] == static_cast<std::int64_t>(i));
}

TEST_CASE(
    "K11: what a worker that is gone had begun is given out one by one, each when all else is finished") {
  mock_kafka kafka{1};
  test_requester requester{kafka};
  requester.send(many_texts(3));
  await([&] { return kafka.written(mock_kafka::topics().requests()) == 3; });
  boost::asio::io_context io;
  const auto settings = kafka.settings({{"session.timeout.ms", "5000"}});
  std::size_t begun = 0;
  {
    cluster::kafka_consumer gone{io.get_executor(), settings};
    await([&] { return (begun += take(io, gone, 10).size()) == 3; });
  }
  cluster::kafka_consumer heir{io.get_executor(), settings};
  for (std::int64_t offset = 0; offset < 3; ++offset) {
    std::vector<cluster::kafka_consumer::request> given;
    await([&] { return !(given = take(io, heir, 10)).empty(); });
    REQUIRE(given.size() == 1);
    CHECK(given[0].message->offset == offset);
    CHECK(given[0].times == 2);
    CHECK(take(io, heir, 10).empty());
    heir.finish(given[0].entry);
  }
}

TEST_CASE("a property that librdkafka does not know, or a value that it cannot have, is refused by name") {
  mock_kafka kafka{1};
  CHECK_THROWS_WITH_AS(make_source(kafka, {{"linger", "1"}}), doctest::Contains("linger = \"1\""),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(make_source(kafka, {{"linger.ms", "long"}}), doctest::Contains("linger.ms = \"long\""),
                       std::invalid_argument);
}

TEST_CASE("who would have offsets committed by the clock is told that workers commit them") {
  mock_kafka kafka{1};
  CHECK_THROWS_WITH_AS(make_source(kafka, {{"auto.commit.interval.ms", "1000"}}),
                       "Kafka: auto.commit.interval.ms = \"1000\": it must be \"0\" here; leave it out",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(make_source(kafka, {{"enable.auto.commit", "true"}}),
                       "Kafka: enable.auto.commit = \"true\": it must be \"false\" here; leave it out",
                       std::invalid_argument);
}

TEST_CASE("brokers are those of the settings, and no property names others") {
  const std::string brokers = std::string(600, 'b') + ":9092";  // longer than any message of librdkafka's
  for (const std::string property : {"bootstrap.servers", "metadata.broker.list"})
    CHECK_THROWS_WITH_AS(
        cluster::make_conf({brokers, mock_kafka::topics(), {{property, "others:9092"}}}, {}, {}),
        ("Kafka: " + property + " = \"others:9092\": it must be \"" + brokers + "\" here; leave it out")
            .c_str(),
        std::invalid_argument);
  CHECK_NOTHROW(
      cluster::make_conf({brokers, mock_kafka::topics(), {{"bootstrap.servers", brokers}}}, {}, {}));
}

TEST_CASE("properties with which no reply would be known to be written are refused") {
  mock_kafka kafka{1};
  for (const std::string property : {"delivery.report.only.error", "enable.idempotence"})
    CHECK_THROWS_WITH_AS(
        make_source(kafka, {{property, "true"}}),
        ("Kafka: " + property + " = \"true\": it must be \"false\" here; leave it out").c_str(),
        std::invalid_argument);
  CHECK_THROWS_WITH_AS(make_source(kafka, {{"transactional.id", "one"}}),
                       doctest::Contains("transactional.id"), std::invalid_argument);
}

TEST_CASE("acks, by any of its names, may be all or -1, which is the same, and nothing less") {
  mock_kafka kafka{1};
  for (const std::string property : {"acks", "request.required.acks"}) {
    for (const char* value : {"all", "-1"}) CHECK_NOTHROW(make_source(kafka, {{property, value}}));
    for (const std::string fewer : {"0", "1"})
      CHECK_THROWS_WITH_AS(
          make_source(kafka, {{property, fewer}}),
          ("Kafka: " + property + " = \"" + fewer + "\": it must be \"all\" here; leave it out").c_str(),
          std::invalid_argument);
  }
}
