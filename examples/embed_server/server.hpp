// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "connection.hpp"
#include "embed_service.hpp"
#include "http_settings.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>
#include <string>

namespace embed_server {

/// Accepts connections and ends them in good order. Not thread-safe: everything happens on the acceptor's
/// executor, whose io_context must be run by one thread. Must outlive its connections: see async_empty.
class server {
 public:
  /// `acceptor` is bound but need not listen yet. The service must outlive the server.
  server(tcp::acceptor acceptor, embed_service& service, const http_settings& settings);

  /// Listens and accepts, until stop_accepting.
  void start();

  /// Where it listens.
  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  /// Closes the door. Those who have come through it are still answered, once more each: `Connection: close`.
  void stop_accepting();

  /// Closes the connections on which no request has begun to arrive.
  void close_idle();

  /// Completes when the last connection has ended.
  asio::awaitable<void> async_empty();

  /// Drops all connections at once.
  void drop_connections();

 private:
  asio::awaitable<void> accept_connections();
  asio::awaitable<void> wait_for_room();
  asio::awaitable<void> pause_after(const boost::system::error_code& ec);
  void accept_waiting();
  void add(tcp::socket socket);

  tcp::acceptor acceptor_;
  embed_service& service_;
  const http_settings settings_;
  std::list<connection> clients_;
  asio::steady_timer
      client_left_;  // never fires; cancelled whenever a client leaves, to wake those who wait for it
  bool stopped_ = false;
  bool out_of_files_ = false;
};

/// An acceptor bound to an address but not listening. Port 0 takes any free one.
/// Throws std::runtime_error with a sentence that names address and port.
tcp::acceptor open_acceptor(const asio::any_io_executor& executor, const std::string& host,
                            std::uint16_t port);

}  // namespace embed_server
