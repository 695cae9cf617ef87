// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "kafka_handle.hpp"
#include "queue_bell.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cluster {

struct kafka_record {
  std::string topic;
  std::string key;
  std::string value;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// Writes records to Kafka. Not thread-safe: everything happens on the executor, whose io_context must be run
/// by one thread.
class kafka_producer {
 public:
  /// Throws as make_conf and make_handle.
  kafka_producer(const asio::any_io_executor& executor, const kafka_settings& settings);

  /// Writes one and waits until all replicas that must have it do. Throws kafka_unavailable, after
  /// `message.timeout.ms` (5 seconds) at the latest, and kafka_refusal.
  asio::awaitable<void> send(kafka_record record);

 private:
  struct receipt;

  void produce(const kafka_record& record, std::uintptr_t number);
  static void report(rd_kafka_t*, const rd_kafka_message_t* sent, void* self) noexcept;

  asio::any_io_executor executor_;
  std::map<std::uintptr_t, std::shared_ptr<receipt>> awaited_;
  std::uintptr_t last_ = 0;
  kafka_handle handle_;
  queue_bell bell_;
};

}  // namespace cluster
