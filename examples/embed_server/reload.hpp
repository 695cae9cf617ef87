// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <vector>

namespace embed_server {

namespace asio = boost::asio;

/// What can be read again while the server runs.
struct reloadable {
  std::string what;  ///< such as "the keys"
  /// Says in the log that it has. May throw, and must then leave everything as it was.
  std::function<void()> read_again;
};

/// Reads all of them again whenever SIGHUP comes. What is wrong is told in the log and not taken. Runs until
/// its executor ends; without any it leaves SIGHUP alone.
asio::awaitable<void> reload_on_hangup(std::vector<reloadable> all);

}  // namespace embed_server
