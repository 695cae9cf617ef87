// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "client_stream.hpp"

#include "no_throw.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/socket.h>

#include <cstring>

namespace embed_server {

using boost::system::error_code;

client_stream::client_stream(socket_type socket, std::shared_ptr<asio::ssl::context> tls)
    : socket_(std::move(socket)), wake_up_(socket_.get_executor(), deadline_) {
  if (tls) tls_.emplace(socket_, *tls);
  error_code none_with_unix_sockets;
  socket_.set_option(asio::ip::tcp::no_delay{true}, none_with_unix_sockets);
}

std::string client_stream::address() const {
  error_code ec;
  const auto found = socket_.remote_endpoint(ec);
  const int family = found.protocol().family();
  if (ec || (family != AF_INET && family != AF_INET6)) return "unix";
  asio::ip::tcp::endpoint endpoint;
  std::memcpy(endpoint.data(), found.data(), found.size());
  endpoint.resize(found.size());
  return endpoint.address().to_string();
}

bool client_stream::has_input() {
  error_code ec;
  return socket_.available(ec) > 0;
}

void client_stream::close() {
  error_code ignored;
  socket_.close(ignored);
}

// Nearly every deadline is put off before it comes, and setting a timer may cost a system call. So it is set
// here to an earlier time only; to a later one when it has woken expired() for nothing.
void client_stream::set_deadline(asio::steady_timer::time_point deadline) {
  deadline_ = deadline;
  if (deadline < wake_up_.expiry()) wake_up_.expires_at(deadline);
}

asio::awaitable<void> client_stream::expired() {
  while (std::chrono::steady_clock::now() < deadline_) {
    wake_up_.expires_at(deadline_);
    co_await wake_up_.async_wait(no_throw);
  }
}

asio::awaitable<void> client_stream::handshake() {
  if (tls_) co_await tls_->async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
}

asio::awaitable<void> client_stream::shut_down_sending() {
  if (tls_) co_await tls_->async_shutdown(no_throw);
  tls_.reset();
  error_code ignored;
  socket_.shutdown(socket_type::shutdown_send, ignored);
}

}  // namespace embed_server
