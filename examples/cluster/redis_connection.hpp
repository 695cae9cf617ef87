// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "redis_error.hpp"
#include "redis_settings.hpp"
#include "redis_value.hpp"
#include <carpool/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace cluster {

namespace asio = boost::asio;

/// Hears of a reply for which the caller no longer waits.
using late_reply = std::function<void(redis_value)>;

/// One connection to Redis, which is made anew whenever it breaks. What several coroutines ask at once goes
/// out together. Hides Boost.Redis, whose headers take long to compile.
///
/// In a Redis Cluster it goes to the server that has the keys of the commands, which must all be in one slot:
/// as soon as one server sends it to another, and back to the given address when that one does not answer, or
/// does not hear the other servers.
///
/// A command that waits on the server holds up all behind it, and giving up the wait does not end it:
/// commands that block need a connection of their own.
///
/// Not thread-safe: everything happens on the executor, whose io_context must be run by one thread.
class redis_connection {
 public:
  /// Begins to connect. Throws std::runtime_error if the file with the authorities cannot be used.
  redis_connection(const asio::any_io_executor& executor, const redis_settings& settings);
  ~redis_connection();

  redis_connection(const redis_connection&) = delete;
  redis_connection& operator=(const redis_connection&) = delete;

  /// The reply to a command. Throws redis_unavailable, and redis_refusal for a reply that is an error. The
  /// command must come back within the settings' command_time, and `on_server` more if it waits there,
  /// however often it is sent to another server meanwhile. A caller who is cancelled meanwhile gets
  /// boost::system::system_error (operation_aborted).
  ///
  /// `late` is called with a reply, unless it is an error, that comes when the caller has been told that
  /// there is none: until the connection ends, which it does after four times the command_time without a sign
  /// of Redis, and never after the end of this object. What had not been sent when the caller was told is not
  /// sent any more.
  asio::awaitable<redis_value> run(redis_command command, std::chrono::milliseconds on_server = {},
                                   late_reply late = {});

  /// Likewise, by a deadline, so that several commands can share one.
  asio::awaitable<redis_value> run_until(carpool::time_point deadline, redis_command command,
                                         late_reply late = {});

  /// Of a command that is run now.
  carpool::time_point deadline(std::chrono::milliseconds on_server = {}) const;

 private:
  class implementation;
  std::shared_ptr<implementation> self_;
};

}  // namespace cluster
