// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "kafka_handle.hpp"
#include "offset_ledger.hpp"
#include "queue_bell.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cluster {

/// Reads requests as a member of the group of workers, which share the partitions among them.
///
/// librdkafka is served whenever it has something to say, whether anybody takes requests or not: partitions
/// come and go meanwhile, and a long batch is not taken for a dead worker. What has arrived and is not taken
/// waits here; when that is much, the partitions are paused.
///
/// Not thread-safe: everything happens on the executor, whose io_context must be run by one thread.
/// Outstanding work of the executor until it is destroyed.
class kafka_consumer {
 public:
  struct request {
    std::string entry;  ///< names this delivery
    kafka_message message;
  };

  /// Throws as make_conf and make_handle. Kafka need not be there yet.
  kafka_consumer(const asio::any_io_executor& executor, const kafka_settings& settings);

  /// At most `most`, which is at least 1. Waits a second or less for the first, and then gives none. Throws
  /// kafka_unavailable: once for each failure that librdkafka, which goes on by itself, has told of, and
  /// always after one that it cannot survive.
  asio::awaitable<std::vector<request>> take(std::size_t most);

  /// It will not be delivered again, unless the partition has gone to another worker, or this process dies
  /// within `auto.commit.interval.ms` (half a second).
  void finish(const std::string& entry);

  /// Requests that are here and not taken yet.
  std::size_t waiting() const { return arrived_.size(); }

  /// Ends when librdkafka has met an error that it cannot survive, which is in the log then; as when another
  /// worker has the same `group.instance.id`. Nothing can be taken or committed any more.
  asio::awaitable<void> broken();

  /// Serves librdkafka, so that it knows that this process is alive.
  void poll();

  /// Commits what is finished and leaves the group, so that others need not wait for the session to end;
  /// nothing may be taken any more. Throws kafka_unavailable if that takes longer than ten seconds.
  asio::awaitable<void> leave();

 private:
  void arrive(kafka_message message);
  void fail(const char* why);
  void pause(std::int32_t partition);
  void resume();
  void complain_of_failure();
  void drop(std::int32_t partition);
  static void on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions,
                           void* self) noexcept;
  static void on_error(rd_kafka_t*, int error, const char* reason, void* self) noexcept;

  asio::any_io_executor executor_;
  std::string topic_;
  asio::steady_timer changed_;
  asio::steady_timer failed_;  // never fires; cancelled when librdkafka tells of a failure
  std::string failure_;        // not told yet
  offset_ledger ledger_;
  std::set<std::int32_t> paused_;
  kafka_handle handle_;
  std::deque<kafka_message> arrived_;  // not taken yet
  queue_bell bell_;
  std::optional<queue_bell> closing_;
};

}  // namespace cluster
