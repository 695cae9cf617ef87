// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace chaos {

namespace asio = boost::asio;

/// A port of the loopback address that leads to Redis' Unix socket, for one program, so that what happens to
/// networks can be done to it. Thread-safe, while one thread runs the io_context; that must end first.
class redis_link {
 public:
  enum class condition {
    up,
    cut,      ///< connections are reset, new ones too
    stalled,  ///< what is sent arrives when the link is up again
  };

  redis_link(asio::io_context& io, std::string redis_socket);

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  void become(condition now);

  /// Connections that are there now become half-open: whatever is sent on them is lost, and neither side
  /// hears that the other one has closed. New ones are not affected.
  void lose_connections();

 private:
  struct connection;

  asio::awaitable<void> accept();
  asio::awaitable<void> serve(std::shared_ptr<connection> served);
  template <class From, class To>
  asio::awaitable<void> forward(std::shared_ptr<connection> served, From& from, To& to);
  std::vector<std::shared_ptr<connection>> connections();

  asio::io_context& io_;
  asio::ip::tcp::acceptor acceptor_;
  const asio::local::stream_protocol::endpoint redis_;
  asio::steady_timer changed_;  // never fires; cancelled when the condition changes
  condition condition_ = condition::up;
  std::vector<std::weak_ptr<connection>> connections_;
};

}  // namespace chaos
