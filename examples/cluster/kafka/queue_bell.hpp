// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "kafka_handle.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>

namespace cluster {

namespace asio = boost::asio;

/// Calls a function on an executor when one of librdkafka's queues, which its own threads fill, is no longer
/// empty. Who is called must empty the queue, or it does not ring again.
///
/// Outstanding work of the executor until it is destroyed. Not thread-safe. Throws std::system_error if there
/// are no file descriptors left.
class queue_bell {
 public:
  /// The queue must not be forwarded to another one.
  queue_bell(const asio::any_io_executor& executor, kafka_queue queue, std::function<void()> rung);
  queue_bell(const queue_bell&) = delete;
  queue_bell& operator=(const queue_bell&) = delete;
  ~queue_bell();

  rd_kafka_queue_t* queue() const { return queue_.get(); }

 private:
  struct listener;

  kafka_queue queue_;
  std::shared_ptr<listener> listener_;  // the operation under way outlives the bell
};

}  // namespace cluster
