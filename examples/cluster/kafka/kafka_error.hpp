// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <stdexcept>

namespace cluster {

/// Kafka does not answer, or not now. What was asked of it may have been done or not.
class kafka_unavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Kafka does not take a record, and would not take it later either.
class kafka_refusal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace cluster
