// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "reserved_allocator.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/signal_set.hpp>

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

/// While it lives, reads all of them again whenever SIGHUP comes. What is wrong is told in the log and not
/// taken. Without any it leaves SIGHUP alone.
class reload_on_hangup {
 public:
  reload_on_hangup(const asio::any_io_executor& executor, std::vector<reloadable> all);

 private:
  void wait();
  void read_again() const;

  const std::vector<reloadable> all_;
  asio::signal_set hangups_;
  reserved_allocator<> memory_;  // to wait for the next one: SIGHUP ends a process that does not
};

}  // namespace embed_server
