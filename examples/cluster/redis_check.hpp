// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "redis_settings.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace cluster {

namespace asio = boost::asio;

/// What Redis says of itself; empty where it may not be asked.
struct redis_facts {
  std::string version = {};           ///< such as "7.0.15"
  std::string maxmemory = {};         ///< in bytes; "0": no limit
  std::string maxmemory_policy = {};  ///< such as "noeviction"
  std::string appendonly = {};        ///< "yes" or "no"
  std::string save = {};              ///< when a snapshot is taken; empty: never
  bool told_settings = false;         ///< whether the user may read the configuration
  std::string refusal = {};           ///< why a text does not get through and back; empty: it does
};

/// What is wrong with how Redis is set up: sentences for people; none if nothing is. Without I/O.
std::vector<std::string> what_is_wrong(const redis_facts& facts);

/// Asks Redis, and sends a text there and back, by the side of the queue's own. Throws redis_unavailable if
/// it does not answer.
asio::awaitable<redis_facts> ask_for_facts(asio::any_io_executor executor, redis_settings where,
                                           std::string queue);

}  // namespace cluster
