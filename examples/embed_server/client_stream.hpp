// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/basic_stream.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace embed_server {

namespace asio = boost::asio;

/// The bytes from and to one client, over TCP or a Unix socket, with TLS or without: those who read and write
/// need not know which. What does not end in time fails with boost::beast::error::timeout, and closes the
/// socket. Not thread-safe.
class client_stream {
 public:
  using socket_type = asio::generic::stream_protocol::socket;
  using executor_type = asio::any_io_executor;

  /// Without `tls` the bytes go over the socket as they are. Connections that have begun are not affected
  /// when the context is replaced by another.
  client_stream(socket_type socket, std::shared_ptr<asio::ssl::context> tls);

  client_stream(const client_stream&) = delete;
  client_stream& operator=(const client_stream&) = delete;

  executor_type get_executor() { return plain_.get_executor(); }

  /// The IP address of the other side, or "unix".
  std::string address() const;

  /// Whether the client has sent something that has not been read.
  bool has_input();

  /// For everything that is done from now on, together.
  void expires_after(std::chrono::milliseconds time) { plain_.expires_after(time); }
  void expires_never() { plain_.expires_never(); }

  /// Agrees with the client on a TLS session; at once without TLS. Throws boost::system::system_error.
  asio::awaitable<void> handshake();

  /// Tells the client that nothing more will come. What it still sends can be read, but is no more decrypted.
  asio::awaitable<void> shut_down_sending();

  void close() { plain_.close(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Token>(token));
    return plain_.async_read_some(buffers, std::forward<Token>(token));
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Token>(token));
    return plain_.async_write_some(buffers, std::forward<Token>(token));
  }

 private:
  using plain_stream = boost::beast::basic_stream<asio::generic::stream_protocol, executor_type>;

  plain_stream plain_;
  std::optional<asio::ssl::stream<plain_stream&>> tls_;
};

}  // namespace embed_server
