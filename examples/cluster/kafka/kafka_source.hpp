// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "cluster/request_source.hpp"
#include "kafka_consumer.hpp"
#include "kafka_producer.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <set>
#include <string>
#include <vector>

namespace cluster {

/// Requests from a topic in Kafka, read in a group of workers. Thread safety and outstanding work as
/// kafka_consumer's.
///
/// A request is a record whose value is the payload, with the headers `id` and `to`, the topic for its reply.
/// The reply has the id as its key. It is with the broker before the request's offset may be committed: so it
/// is never lost, but may come twice, and whoever waits for it must drop the second one by its id.
///
/// The destructor waits for librdkafka's threads to end, which may take a second, and `session.timeout.ms`
/// where the broker is away while something is to be committed. If the worker has not left, the group misses
/// it when its session ends, and what was not committed is delivered again.
///
/// Deliveries are counted by kafka_consumer, from what workers have begun that went away: those that come a
/// second time come one by one.
class kafka_source final : public request_source {
 public:
  /// Throws std::invalid_argument for properties that librdkafka does not take, or that a worker sets itself.
  /// Kafka need not be there yet.
  kafka_source(const asio::any_io_executor& executor, const kafka_settings& settings);

  /// Throws kafka_unavailable also while replies cannot be written.
  asio::awaitable<std::vector<delivery>> receive(std::size_t room) override;

  /// None: Kafka itself delivers what belonged to a worker that is gone.
  asio::awaitable<std::vector<abandoned_entry>> find_abandoned() override;
  asio::awaitable<std::optional<delivery>> adopt(std::string entry) override;
  asio::awaitable<void> extend(std::vector<std::string> entries) override;

  /// Where the reply's topic will never take it, the request is rejected, and the reply says why.
  asio::awaitable<void> finish(delivery done, std::string reply) override;

  /// To the topic of dead letters, with the reply as the header `r`, and as `at` TOPIC:PARTITION:OFFSET of
  /// the request. A dead letter that is refused for good goes without id and payload; if that is refused too,
  /// there is an error in the log, and the request is done with.
  asio::awaitable<void> reject(delivery dead, std::string reply) override;

  /// When the worker has stopped: as kafka_consumer::leave().
  asio::awaitable<void> leave() { return consumer_.leave(); }

  /// Ends when this source is of no use any more: as kafka_consumer::broken().
  asio::awaitable<void> broken() { return consumer_.broken(); }

 private:
  delivery to_delivery(const kafka_consumer::request& received) const;
  asio::awaitable<std::string> send_reply(const delivery& answered, std::string reply);
  asio::awaitable<void> bury(const delivery& dead, std::string reply);
  asio::awaitable<std::string> write(kafka_record record);

  kafka_topics topics_;
  std::string failing_;           // why the last record could not be written, if so
  std::set<std::string> buried_;  // rejected entries whose reply is not written yet
  kafka_producer producer_;
  kafka_consumer consumer_;
};

}  // namespace cluster
