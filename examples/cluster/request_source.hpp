// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "delivery.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace cluster {

namespace asio = boost::asio;

/// Where a worker's requests come from: a queue that delivers an entry until somebody says that it is done.
/// The worker knows nothing else of it.
///
/// Each function throws an exception if the queue cannot be asked, and may be called again then. receive()
/// runs beside the others. Not thread-safe.
class request_source {
 public:
  request_source() = default;
  request_source(const request_source&) = delete;
  request_source& operator=(const request_source&) = delete;
  virtual ~request_source() = default;

  /// New entries, at most `room`, at least 1. Waits a second or less for the first, and then gives none.
  virtual asio::awaitable<std::vector<delivery>> receive(std::size_t room) = 0;

  /// There is more room than the receive() that may be under way was told. A source that could use it now
  /// has that one return early, even with nothing, so that it is called again.
  virtual void room_grew() {}

  /// Entries of which nothing was heard for longer than the lease, whoever has them. A queue that delivers
  /// such entries by itself finds none.
  virtual asio::awaitable<std::vector<abandoned_entry>> find_abandoned() = 0;

  /// Takes one of them over; empty if somebody else has, or it is gone.
  virtual asio::awaitable<std::optional<delivery>> adopt(std::string entry) = 0;

  /// Says that these are still being worked on.
  virtual asio::awaitable<void> extend(std::vector<std::string> entries) = 0;

  /// Sends the reply, unless the request has one, and removes the entry: both or neither.
  virtual asio::awaitable<void> finish(delivery done, std::string reply) = 0;

  /// Likewise, and keeps the entry apart for people to look at. Where nobody can be told, `reply_to` is
  /// empty.
  virtual asio::awaitable<void> reject(delivery dead, std::string reply) = 0;
};

}  // namespace cluster
