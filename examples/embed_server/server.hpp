// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "client_stream.hpp"
#include "connection.hpp"
#include "embed_service.hpp"
#include "http_settings.hpp"
#include "listener.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace embed_server {

/// Accepts connections and ends them in good order. Not thread-safe: everything happens on the executor of
/// the listeners, where the service is at home, too, and whose io_context must be run by one thread. Must
/// outlive its connections: see async_empty.
class server {
 public:
  /// `listeners`, at least one, are bound but need not listen yet. The service must outlive the server.
  server(std::vector<listener> listeners, embed_service& service, const http_settings& settings);

  /// From now on new connections are served by these in turn, each the executor of an io_context that one
  /// thread runs; where there are none, at home.
  void set_threads(std::vector<asio::any_io_executor> threads);

  /// From now on new connections over TCP speak TLS, with this context.
  void set_tls(std::shared_ptr<asio::ssl::context> context) { tls_ = std::move(context); }

  /// Listens and accepts, until stop_accepting.
  void start();

  /// Where it listens, for people: "http://127.0.0.1:8080", or https, or "unix:" and a path.
  std::vector<std::string> addresses() const;

  /// Closes the door. Those who have come through it are still answered, once more each: `Connection: close`.
  void stop_accepting();

  /// Closes the connections on which no request has begun to arrive, and from now on those whose clients come
  /// to a standstill.
  void hurry();

  /// Completes when the last connection has ended.
  asio::awaitable<void> async_empty();

  /// Drops all connections at once.
  void drop_connections();

 private:
  using client_list = std::list<std::shared_ptr<connection>>;

  void wait_for_client(listener& from);
  void let_in(listener& from);
  boost::system::error_code accept(listener& from);
  bool is_shortage(const boost::system::error_code& ec);
  void pause(listener& from);
  void add(client_stream::socket_type socket, const listener& from);
  void remove(client_list::iterator client);
  asio::io_context::executor_type home();
  const asio::any_io_executor& next_thread();

  std::vector<listener> listeners_;
  std::vector<asio::any_io_executor> threads_;
  std::size_t accepted_ = 0;
  std::shared_ptr<asio::ssl::context> tls_;
  embed_service& service_;
  const http_settings settings_;
  client_list clients_;
  asio::steady_timer
      client_left_;  // never fires; cancelled whenever a client leaves, to wake those who wait for it
  bool stopped_ = false;
  bool out_of_files_ = false;
};

}  // namespace embed_server
