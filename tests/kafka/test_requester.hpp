// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "cluster/text_reply.hpp"
#include "cluster/text_request.hpp"
#include "mock_kafka.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace carpool::test {

/// Sends texts to a queue in Kafka, each with itself as its id, and collects what comes back.
class test_requester {
 public:
  explicit test_requester(const mock_kafka& kafka)
      : partitions_(kafka.partitions()),
        producer_(cluster::make_handle(RD_KAFKA_PRODUCER,
                                       cluster::make_conf(kafka.settings(), {}, {{"acks", "all"}}))),
        replies_(read(kafka, mock_kafka::topics().replies("me"))),
        dead_(read(kafka, mock_kafka::topics().dead())) {}

  static std::string payload(const std::string& text) {
    return encode(cluster::text_request{.text = text, .deadline = cluster::wall_time::max()});
  }

  /// To one partition after the other.
  void send(const std::vector<std::string>& texts) {
    for (const auto& each : texts) send(each, payload(each));
  }

  void send(const std::string& id, const std::string& value,
            const std::string& reply_to = mock_kafka::topics().replies("me")) {
    const std::string topic = mock_kafka::topics().requests();
    const auto partition = static_cast<std::int32_t>(sent_++ % static_cast<std::size_t>(partitions_));
    std::vector<rd_kafka_vu_t> parts(6);
    parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    parts[0].u.cstr = topic.c_str();
    parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
    parts[1].u.i32 = partition;
    parts[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    parts[2].u.i = RD_KAFKA_MSG_F_COPY;
    parts[3].vtype = RD_KAFKA_VTYPE_VALUE;
    parts[3].u.mem = {const_cast<char*>(value.data()), value.size()};
    parts[4].vtype = parts[5].vtype = RD_KAFKA_VTYPE_HEADER;
    parts[4].u.header = {"id", id.data(), static_cast<ssize_t>(id.size())};
    parts[5].u.header = {"to", reply_to.data(), static_cast<ssize_t>(reply_to.size())};
    const cluster::kafka_error failed{rd_kafka_produceva(producer_.get(), parts.data(), parts.size())};
    REQUIRE_FALSE(failed);
  }

  std::size_t sent() const { return sent_; }

  /// Takes what comes until so many ids have a reply, which must happen within two minutes.
  void await_replies(std::size_t ids) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes{2};
    while (received.size() < ids) {
      REQUIRE(std::chrono::steady_clock::now() < until);
      take_replies(std::chrono::milliseconds{100});
    }
  }

  /// What has come meanwhile.
  void take_replies(std::chrono::milliseconds wait = {}) {
    rd_kafka_poll(producer_.get(), 0);
    for (auto time = wait;; time = {}) {
      const cluster::kafka_message message{
          rd_kafka_consumer_poll(replies_.get(), static_cast<int>(time.count()))};
      if (!message) return;
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;  // a broker that is down
      received[key_of(*message)].push_back(cluster::parse_text_reply(value_of(*message)));
    }
  }

  struct dead_letter {
    std::string payload;
    std::string at;
  };

  /// The next one, which must come within a minute.
  dead_letter await_dead_letter() {
    const cluster::kafka_message message{rd_kafka_consumer_poll(dead_.get(), 60'000)};
    REQUIRE(message);
    REQUIRE(message->err == RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_headers_t* headers = nullptr;
    const void* at = nullptr;
    std::size_t size = 0;
    REQUIRE(rd_kafka_message_headers(message.get(), &headers) == RD_KAFKA_RESP_ERR_NO_ERROR);
    REQUIRE(rd_kafka_header_get_last(headers, "at", &at, &size) == RD_KAFKA_RESP_ERR_NO_ERROR);
    return {value_of(*message), {static_cast<const char*>(at), size}};
  }

  /// Each of these has its result, and `most` of them at most.
  void check_results(const std::vector<std::string>& texts, std::size_t most = 1) const {
    for (const auto& each : texts) {
      INFO(each);
      const auto found = received.find(each);
      REQUIRE(found != received.end());
      CHECK(found->second.size() <= most);
      for (const auto& reply : found->second) {
        REQUIRE(std::holds_alternative<cluster::text_result>(reply));
        CHECK(std::get<cluster::text_result>(reply).tokens == each.size());
      }
    }
  }

  cluster::failure_code code_of(const std::string& id) const {
    const auto& reply = received.at(id).front();
    REQUIRE(std::holds_alternative<cluster::text_failure>(reply));
    return std::get<cluster::text_failure>(reply).code;
  }

  std::map<std::string, std::vector<cluster::text_reply>> received;  ///< by id

 private:
  static cluster::kafka_handle read(const mock_kafka& kafka, const std::string& topic) {
    cluster::kafka_conf conf = cluster::make_conf(
        kafka.settings(), {}, {{"group.id", "requester"}, {"enable.auto.commit", "false"}});
    cluster::kafka_handle handle = cluster::make_handle(RD_KAFKA_CONSUMER, std::move(conf));
    const cluster::kafka_partitions list{rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    REQUIRE(rd_kafka_assign(handle.get(), list.get()) == RD_KAFKA_RESP_ERR_NO_ERROR);
    return handle;
  }
  static std::string value_of(const rd_kafka_message_t& message) {
    return {static_cast<const char*>(message.payload), message.len};
  }
  static std::string key_of(const rd_kafka_message_t& message) {
    return {static_cast<const char*>(message.key), message.key_len};
  }

  int partitions_;
  std::size_t sent_ = 0;
  cluster::kafka_handle producer_;
  cluster::kafka_handle replies_;
  cluster::kafka_handle dead_;
};

/// Texts that differ from those of other names.
inline std::vector<std::string> many_texts(std::size_t count, const std::string& name = "text") {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) texts.push_back(name + " " + std::to_string(i));
  return texts;
}

}  // namespace carpool::test
