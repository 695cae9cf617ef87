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
/// Kafka counts no deliveries, so this does, with the bookmarks that it commits: what it gives out it has
/// said to have begun. What a worker had begun that went away is given out again by itself, when all else is
/// finished. Whoever takes it takes nothing else until it is, because it may be what that worker died of.
///
/// Not thread-safe: everything happens on the executor, whose io_context must be run by one thread.
/// Outstanding work of the executor until it is destroyed.
class kafka_consumer {
 public:
  struct request {
    std::string entry;  ///< names this delivery
    kafka_message message;
    std::uint64_t times = 1;  ///< deliveries, with this one, of which somebody has said that they were begun
  };

  /// Throws as make_conf and make_handle. Kafka need not be there yet.
  kafka_consumer(const asio::any_io_executor& executor, const kafka_settings& settings);

  /// At most `most`, which is at least 1. Waits a second or less for the first, and then gives none; commits
  /// before it gives some. Throws kafka_unavailable: if that cannot be committed, once for each failure that
  /// librdkafka, which goes on by itself, has told of, and always after one that it cannot survive. Blocks,
  /// for a second at the most, when partitions have come.
  asio::awaitable<std::vector<request>> take(std::size_t most);

  /// It will not be delivered again, unless the partition has gone to another worker, or this process dies
  /// within the next second or two.
  void finish(const std::string& entry);

  /// Requests that are here and not taken yet.
  std::size_t waiting() const { return arrived_.size() + chosen_.size(); }

  /// Ends when librdkafka has met an error that it cannot survive, which is in the log then; as when another
  /// worker has the same `group.instance.id`. Nothing can be taken or committed any more.
  asio::awaitable<void> broken();

  /// Serves librdkafka, so that it knows that this process is alive.
  void poll();

  /// Commits what is finished and leaves the group, so that others need not wait for the session to end;
  /// nothing may be taken any more. Throws kafka_unavailable if that takes longer than ten seconds.
  asio::awaitable<void> leave();

 private:
  using commit_result = std::optional<rd_kafka_resp_err_t>;

  void arrive(kafka_message message);
  void fail(const char* why);
  void pause(std::int32_t partition);
  void resume();
  void complain_of_failure();
  void read_bookmarks();
  void put_back();
  void choose(std::size_t most);
  asio::awaitable<void> commit_beginning();
  std::vector<request> begin();
  void commit_finished();
  void commit(const std::vector<bookmark>& marks, commit_result* result = nullptr);
  void drop(std::int32_t partition);
  static void on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions,
                           void* self) noexcept;
  static void on_commit(rd_kafka_t* handle, rd_kafka_resp_err_t error,
                        rd_kafka_topic_partition_list_t* partitions, void* result) noexcept;
  static void on_error(rd_kafka_t*, int error, const char* reason, void* self) noexcept;

  asio::any_io_executor executor_;
  std::string topic_;
  asio::steady_timer changed_;
  asio::steady_timer failed_;  // never fires; cancelled when librdkafka tells of a failure
  std::string failure_;        // not told yet
  offset_ledger ledger_;
  std::set<std::int32_t> paused_;
  std::set<std::int32_t> unread_;    // have come, with bookmarks that are not known yet
  std::set<std::int32_t> finished_;  // have something to commit
  asio::steady_timer::time_point next_commit_{};
  std::size_t committing_ = 0;  // commits under way
  commit_result committed_;     // of the one for which take() waits
  kafka_handle handle_;
  std::deque<kafka_message> arrived_;  // not taken yet
  std::deque<kafka_message> chosen_;   // to be given out when it is committed that they are begun
  queue_bell bell_;
  std::optional<queue_bell> closing_;
};

}  // namespace cluster
