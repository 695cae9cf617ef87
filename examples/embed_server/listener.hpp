// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "reserved_allocator.hpp"
#include "unix_socket_file.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <string>

namespace embed_server {

namespace asio = boost::asio;

/// Where connections are accepted: a TCP port or a Unix socket.
struct listener {
  asio::basic_socket_acceptor<asio::generic::stream_protocol> acceptor;
  unix_socket_file file = {};                         ///< none for TCP
  asio::steady_timer pause{acceptor.get_executor()};  ///< after which accepting is tried again
  reserved_allocator<> memory = {};                   ///< for whatever is waited for, one thing at a time
  bool waits_for_room = false;                        ///< rather than for a client

  bool is_unix() const noexcept { return !file.path().empty(); }

  /// For people, such as "127.0.0.1:8080" or the path of the file.
  std::string address() const;

  /// Of a TCP port.
  std::uint16_t port() const;

  /// Begins to listen. A TCP port or path may belong to another process by now that was bound to it, too,
  /// before either listened. Throws as open_tcp and open_unix.
  void listen();
};

/// Bound to an address but not listening. Port 0 takes any free one. Throws std::runtime_error with a
/// sentence that names address, port and cause.
listener open_tcp(const asio::any_io_executor& executor, const std::string& host, std::uint16_t port);

/// Bound to a path but not listening. A socket that another process has left there, and on which nobody
/// listens any more, is replaced. Throws std::runtime_error with a sentence that names path and cause.
listener open_unix(const asio::any_io_executor& executor, const std::string& path);

}  // namespace embed_server
