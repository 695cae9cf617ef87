// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace chaos {

namespace asio = boost::asio;

/// A port of the loopback address that leads to Redis, so that what happens to networks can be done to it; or
/// to several servers, one connection after the other, as a name does that has their addresses. Thread-safe,
/// while one thread runs the io_context; that must end first.
class redis_link {
 public:
  enum class condition {
    up,
    cut,      ///< connections are reset, new ones too
    stalled,  ///< what is sent arrives when the link is up again
    mute,     ///< likewise what programs send, and all that Redis sends arrives at once
    deaf,     ///< likewise what Redis sends, and all that programs send arrives at once
  };

  /// Of a Unix socket or a port.
  using endpoint = asio::generic::stream_protocol::endpoint;

  /// `redis`: one at least. `port`: 0 for any that is free.
  redis_link(asio::io_context& io, std::vector<endpoint> redis, std::uint16_t port = 0);

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  /// As carpool's programs take it.
  std::string address() const { return "127.0.0.1:" + std::to_string(port()); }

  void become(condition now);

  /// Connections from these addresses are stalled, whatever the condition; all others are not, any more.
  void stall_from(std::set<asio::ip::address> sources);

  /// Connections that are there now become half-open: whatever is sent on them is lost, and neither side
  /// hears that the other one has closed. New ones are not affected.
  void lose_connections();

 private:
  struct connection;

  asio::awaitable<void> accept();
  asio::awaitable<void> serve(std::shared_ptr<connection> served);
  template <class From, class To>
  asio::awaitable<void> forward(std::shared_ptr<connection> served, From& from, To& to, bool from_program);
  std::vector<std::shared_ptr<connection>> connections();
  bool is_stalled(const connection& which, bool from_program) const;

  asio::io_context& io_;
  asio::ip::tcp::acceptor acceptor_;
  const std::vector<endpoint> redis_;
  std::size_t next_ = 0;        // of them
  asio::steady_timer changed_;  // never fires; cancelled when the condition changes
  condition condition_ = condition::up;
  std::set<asio::ip::address> stalled_sources_;
  std::vector<std::weak_ptr<connection>> connections_;
};

}  // namespace chaos
