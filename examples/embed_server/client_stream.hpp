// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace embed_server {

namespace asio = boost::asio;

/// The bytes from and to one client, over TCP or a Unix socket, with TLS or without, and the time until which
/// they have to be there: those who read and write need not know which. Not thread-safe.
class client_stream {
 public:
  using socket_type = asio::generic::stream_protocol::socket;
  using executor_type = asio::any_io_executor;

  /// Without `tls` the bytes go over the socket as they are. Connections that have begun are not affected
  /// when the context is replaced by another.
  client_stream(socket_type socket, std::shared_ptr<asio::ssl::context> tls);

  client_stream(const client_stream&) = delete;
  client_stream& operator=(const client_stream&) = delete;

  executor_type get_executor() { return socket_.get_executor(); }

  /// The IP address of the other side, or "unix".
  std::string address() const;

  /// Whether the client has sent something that has not been read.
  bool has_input();

  /// For everything that is done from now on, together.
  void expires_after(std::chrono::milliseconds time) {
    set_deadline(std::chrono::steady_clock::now() + time);
  }
  void expires_never() { set_deadline(asio::steady_timer::time_point::max()); }

  /// Completes when that time is over. The stream is then of no more use.
  asio::awaitable<void> expired();

  /// Agrees with the client on a TLS session; at once without TLS. Throws boost::system::system_error.
  asio::awaitable<void> handshake();

  /// Tells the client that nothing more will come. What it still sends can be read, but is no more decrypted.
  asio::awaitable<void> shut_down_sending();

  void close();

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Token>(token));
    return socket_.async_read_some(buffers, std::forward<Token>(token));
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Token>(token));
    return socket_.async_write_some(buffers, std::forward<Token>(token));
  }

 private:
  void set_deadline(asio::steady_timer::time_point deadline);

  socket_type socket_;
  std::optional<asio::ssl::stream<socket_type&>> tls_;
  asio::steady_timer::time_point deadline_ = asio::steady_timer::time_point::max();
  asio::steady_timer wake_up_;  // at the deadline, or before it
};

}  // namespace embed_server
