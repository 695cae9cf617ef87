// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "client_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/socket.h>

#include <cstring>

namespace embed_server {

using boost::system::error_code;

client_stream::client_stream(socket_type socket, std::shared_ptr<asio::ssl::context> tls)
    : plain_(std::move(socket)) {
  if (tls) tls_.emplace(plain_, *tls);
  error_code none_with_unix_sockets;
  plain_.socket().set_option(asio::ip::tcp::no_delay{true}, none_with_unix_sockets);
}

std::string client_stream::address() const {
  error_code ec;
  const auto found = plain_.socket().remote_endpoint(ec);
  const int family = found.protocol().family();
  if (ec || (family != AF_INET && family != AF_INET6)) return "unix";
  asio::ip::tcp::endpoint endpoint;
  std::memcpy(endpoint.data(), found.data(), found.size());
  endpoint.resize(found.size());
  return endpoint.address().to_string();
}

bool client_stream::has_input() {
  error_code ec;
  return plain_.socket().available(ec) > 0;
}

asio::awaitable<void> client_stream::handshake() {
  if (tls_) co_await tls_->async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
}

asio::awaitable<void> client_stream::shut_down_sending() {
  if (tls_) co_await tls_->async_shutdown(asio::as_tuple(asio::use_awaitable));
  tls_.reset();
  error_code ignored;
  plain_.socket().shutdown(socket_type::shutdown_send, ignored);
}

}  // namespace embed_server
