// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "cluster/kafka/kafka_handle.hpp"
#include "support/doctest.hpp"

#include <librdkafka/rdkafka_mock.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace carpool::test {

/// A broker inside this process, librdkafka's own for tests, with the topics of the queue "test".
///
/// What librdkafka 2.0.2 makes of a group of consumers there: the first member waits 3 seconds for others;
/// when one joins or leaves later, the group waits a second less than the session lasts, twice until
/// partitions have moved in cooperation; and a member that is silent for that long is taken for dead. Topics
/// are never deleted.
class mock_kafka {
 public:
  explicit mock_kafka(int partitions)
      : partitions_(partitions),
        handle_(cluster::make_handle(RD_KAFKA_PRODUCER, cluster::make_conf({"", topics()}, {}, {}))),
        mock_(rd_kafka_mock_cluster_new(handle_.get(), 1)) {
    REQUIRE(mock_ != nullptr);
    create(topics().requests(), partitions);
    create(topics().dead(), 1);
    create(topics().replies("me"), 1);
    cluster::kafka_conf conf = cluster::make_conf(settings(), {}, {{"group.id", topics().group()}});
    observer_ = cluster::make_handle(RD_KAFKA_CONSUMER, std::move(conf));
  }
  mock_kafka(const mock_kafka&) = delete;
  mock_kafka& operator=(const mock_kafka&) = delete;
  ~mock_kafka() {
    observer_.reset();
    rd_kafka_mock_cluster_destroy(mock_);
  }

  static cluster::kafka_topics topics() { return cluster::kafka_topics{"test"}; }

  cluster::kafka_settings settings(cluster::kafka_properties properties = {}) const {
    properties.insert({{"heartbeat.interval.ms", "200"}, {"reconnect.backoff.max.ms", "500"}});
    return {rd_kafka_mock_cluster_bootstraps(mock_), topics(), properties};
  }

  int partitions() const { return partitions_; }

  void go_down() { rd_kafka_mock_broker_set_down(mock_, -1); }
  void come_up() { rd_kafka_mock_broker_set_up(mock_, -1); }

  /// Those who write next are told so, one after the other.
  void answer_writes(const std::vector<rd_kafka_resp_err_t>& errors) {
    constexpr std::int16_t produce = 0;
    rd_kafka_mock_push_request_errors_array(mock_, produce, errors.size(), errors.data());
  }

  /// The next commit of an offset is told so.
  void answer_commit(rd_kafka_resp_err_t error) {
    constexpr std::int16_t offset_commit = 8;
    rd_kafka_mock_push_request_errors(mock_, offset_commit, 1, error);
  }

  /// The next heartbeat of a consumer is told that another one has taken its `group.instance.id`.
  void fence() {
    constexpr std::int16_t heartbeat = 12;
    rd_kafka_mock_push_request_errors(mock_, heartbeat, 1, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
  }

  /// Whoever asks for the topic is told that there is none.
  void hide(const std::string& topic) {
    rd_kafka_mock_topic_set_error(mock_, topic.c_str(), RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  }

  /// The offset that the workers have committed in each partition; 0 if none.
  std::vector<std::int64_t> committed() const {
    const cluster::kafka_partitions list{rd_kafka_topic_partition_list_new(partitions_)};
    for (int i = 0; i < partitions_; ++i)
      rd_kafka_topic_partition_list_add(list.get(), topics().requests().c_str(), i);
    REQUIRE(rd_kafka_committed(observer_.get(), list.get(), 60'000) == RD_KAFKA_RESP_ERR_NO_ERROR);
    std::vector<std::int64_t> offsets;
    for (int i = 0; i < partitions_; ++i) offsets.push_back(std::max<std::int64_t>(list->elems[i].offset, 0));
    return offsets;
  }
  std::int64_t all_committed() const {
    const auto offsets = committed();
    return std::accumulate(offsets.begin(), offsets.end(), std::int64_t{0});
  }

  /// How many records have been written to the first partition.
  std::int64_t written(const std::string& topic) const {
    std::int64_t first = 0, end = 0;
    REQUIRE(rd_kafka_query_watermark_offsets(observer_.get(), topic.c_str(), 0, &first, &end, 60'000) ==
            RD_KAFKA_RESP_ERR_NO_ERROR);
    return end;
  }

 private:
  void create(const std::string& topic, int partitions) {
    REQUIRE(rd_kafka_mock_topic_create(mock_, topic.c_str(), partitions, 1) == RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  int partitions_;
  cluster::kafka_handle handle_;
  rd_kafka_mock_cluster_t* mock_;
  cluster::kafka_handle observer_;
};

}  // namespace carpool::test
