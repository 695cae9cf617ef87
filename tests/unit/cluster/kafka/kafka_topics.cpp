// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/kafka/kafka_topics.hpp"

#include "support/doctest.hpp"

#include <stdexcept>
#include <string>

TEST_CASE("topics have the name of their queue in them") {
  const cluster::kafka_topics topics{"minilm"};
  CHECK(topics.requests() == "cp.minilm.req");
  CHECK(topics.dead() == "cp.minilm.dead");
  CHECK(topics.replies("g1") == "cp.minilm.rep.g1");
}

TEST_CASE("a queue whose name Kafka would not take is refused with the name") {
  CHECK_THROWS_WITH_AS(cluster::kafka_topics{"a b"},
                       "\"a b\" cannot name a queue in Kafka: that takes letters, digits, '_' and '-', at "
                       "least 1 and at most 241",
                       std::invalid_argument);
  CHECK_THROWS_AS(cluster::kafka_topics{""}, std::invalid_argument);
  CHECK(cluster::kafka_topics{std::string(241, 'x')}.dead().size() == 249);
  CHECK_THROWS_AS(cluster::kafka_topics{std::string(242, 'x')}, std::invalid_argument);
}

TEST_CASE("K6: no queue's name lets its requesters write to another queue's requests") {
  CHECK_THROWS_AS(cluster::kafka_topics{"a.rep.x"}, std::invalid_argument);
  CHECK_THROWS_AS(cluster::kafka_topics{"."}, std::invalid_argument);
}

TEST_CASE("K6: nobody has a worker write to topics that are not for replies, or that there cannot be") {
  const cluster::kafka_topics topics{"minilm"};
  CHECK(topics.takes_replies(topics.replies("g1")));
  CHECK_FALSE(topics.takes_replies(topics.requests()));
  CHECK_FALSE(topics.takes_replies(cluster::kafka_topics{"other"}.replies("g1")));
  CHECK_FALSE(topics.takes_replies(topics.replies("\xc3\xa9")));
  CHECK_FALSE(topics.takes_replies(topics.replies(std::string(300, 'x'))));
  CHECK_FALSE(topics.takes_replies(""));
}
