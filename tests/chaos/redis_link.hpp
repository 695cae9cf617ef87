// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace chaos {

namespace asio = boost::asio;

/// A port of the loopback address that leads to Redis' Unix socket, so that what happens to networks can be
/// done to it; or to those of several servers, one connection after the other, as a name does that has their
/// addresses. Thread-safe, while one thread runs the io_context; that must end first.
class redis_link {
 public:
  enum class condition {
    up,
    cut,      ///< connections are reset, new ones too
    stalled,  ///< what is sent arrives when the link is up again
  };

  /// `redis_sockets`: one at least. `port`: 0 for any that is free.
  redis_link(asio::io_context& io, const std::vector<std::string>& redis_sockets, std::uint16_t port = 0);

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  /// As carpool's programs take it.
  std::string address() const { return "127.0.0.1:" + std::to_string(port()); }

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
  const std::vector<asio::local::stream_protocol::endpoint> redis_;
  std::size_t next_ = 0;        // of them
  asio::steady_timer changed_;  // never fires; cancelled when the condition changes
  condition condition_ = condition::up;
  std::vector<std::weak_ptr<connection>> connections_;
};

}  // namespace chaos
