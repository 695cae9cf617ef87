// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "kafka_topics.hpp"

#include <map>
#include <string>

namespace cluster {

using kafka_properties = std::map<std::string, std::string>;

/// How to reach a queue in Kafka.
struct kafka_settings {
  std::string brokers;  ///< HOST:PORT, or several, with commas
  kafka_topics topics;
  kafka_properties properties = {};  ///< librdkafka's own, for TLS, passwords and time limits
};

}  // namespace cluster
