// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "read_size.hpp"
#include "redis_connection.hpp"
#include "redis_settings.hpp"
#include "redis_value.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace cluster {

/// The replies to one gateway, as it reads them from a stream in Redis. Thread safety as redis_connection's.
class reply_stream {
 public:
  reply_stream(const asio::any_io_executor& executor, const redis_settings& settings, std::string key);

  const std::string& key() const { return key_; }

  /// The entries that have come, or none after a second. None is left out, also when another server takes the
  /// place of the one that was read, whatever its clock says; some may come again then. Only one that is
  /// larger than a reply of Redis may be is removed, since those behind it could not be read either. Throws
  /// as redis_connection::run.
  asio::awaitable<std::vector<redis_value>> read();

  /// Of what has been read since trim(), in bytes.
  std::size_t weight() const { return weight_; }

  /// Takes away what has been read, all but the last one; nothing where that one is not known.
  asio::awaitable<void> trim(redis_connection& redis);

 private:
  asio::awaitable<void> find_last();
  asio::awaitable<void> skip_unreadable();

  redis_connection redis_;
  std::string key_;
  std::string entry_ = "0";  // the last one that was read
  std::string id_;           // its id
  std::size_t weight_ = 0;
  std::string largest_;  // that can be read, in bytes
  read_size at_once_;
  bool failed_ = false;
};

}  // namespace cluster
