// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "redis_connection.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace cluster {

/// What Redis says of itself; empty where it may not be asked.
struct redis_facts {
  std::string version = {};           ///< such as "7.0.15"
  std::string maxmemory = {};         ///< in bytes; "0": no limit
  std::string maxmemory_policy = {};  ///< such as "noeviction"
  std::string appendonly = {};        ///< "yes" or "no"
  std::string save = {};              ///< when a snapshot is taken; empty: never
  bool told_settings = false;         ///< whether the user may read the configuration
};

/// What is wrong with how Redis is set up: sentences for people; none if nothing is. Without I/O.
std::vector<std::string> what_is_wrong(const redis_facts& facts);

/// Asks Redis. Throws redis_unavailable.
asio::awaitable<redis_facts> ask_for_facts(redis_connection& redis);

}  // namespace cluster
