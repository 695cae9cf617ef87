// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "redis_connection.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

namespace cluster {

/// Takes entries out of a stream of requests for which nobody waits any more, so that no worker need run
/// them. One that has them already goes on, and its reply is one that nobody wants.
///
/// Not thread-safe: everything happens on the executor, whose io_context must be run by one thread. Must
/// outlive the operations that it has begun.
class withdrawals {
 public:
  /// `requests`: the key of the stream. The connection must outlive this.
  withdrawals(const asio::any_io_executor& executor, redis_connection& redis, std::string requests);

  /// They leave as soon as Redis does it, also if it is away now, or moves them to another server. Empty
  /// names are ignored.
  void add(std::vector<std::string> entries);

 private:
  asio::awaitable<void> remove_all();
  asio::awaitable<bool> remove(std::size_t count);

  asio::any_io_executor executor_;
  redis_connection& redis_;
  std::string requests_;
  std::deque<std::string> left_;  // no more than Redis took before it went away
  bool removing_ = false;
};

}  // namespace cluster
