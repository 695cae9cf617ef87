// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "kafka_settings.hpp"

#include <librdkafka/rdkafka.h>

#include <memory>

namespace cluster {

/// Frees what librdkafka made. A consumer that has not left its group is taken for dead by it.
struct kafka_deleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_t* handle) const {
    rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};

using kafka_conf = std::unique_ptr<rd_kafka_conf_t, kafka_deleter>;
using kafka_handle = std::unique_ptr<rd_kafka_t, kafka_deleter>;
using kafka_error = std::unique_ptr<rd_kafka_error_t, kafka_deleter>;
using kafka_headers = std::unique_ptr<rd_kafka_headers_t, kafka_deleter>;
using kafka_message = std::unique_ptr<rd_kafka_message_t, kafka_deleter>;
using kafka_queue = std::unique_ptr<rd_kafka_queue_t, kafka_deleter>;
using kafka_partitions = std::unique_ptr<rd_kafka_topic_partition_list_t, kafka_deleter>;

/// What librdkafka is told: `defaults`, which the settings may change, and `fixed` and the brokers, which
/// their properties may not. Its log becomes ours. Throws std::invalid_argument for a property that there is
/// not, a value that it cannot have, and another value for one that is fixed.
kafka_conf make_conf(const kafka_settings& settings, const kafka_properties& defaults,
                     kafka_properties fixed);

/// Throws std::invalid_argument if the properties do not go together.
kafka_handle make_handle(rd_kafka_type_t type, kafka_conf conf);

}  // namespace cluster
