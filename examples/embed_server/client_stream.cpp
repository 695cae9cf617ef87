// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "client_stream.hpp"

#include "no_throw.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <exception>

namespace embed_server {

using boost::system::error_code;

namespace {

constexpr std::size_t read_at_once = 4096;

}  // namespace

bool ends_stream(const error_code& ec) {
  return ec == asio::error::eof || ec == asio::ssl::error::stream_truncated;
}

client_stream::client_stream(socket_type socket, std::shared_ptr<asio::ssl::context> tls)
    : socket_(std::move(socket)),
      wake_up_(socket_.get_executor(), deadline_),
      has_read_(socket_.get_executor(), asio::steady_timer::time_point::max()) {
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
  return input_.size() > 0 || socket_.available(ec) > 0;
}

void client_stream::close() {
  error_code ignored;
  socket_.close(ignored);
  set_deadline(asio::steady_timer::time_point::min());
}

// Nearly every deadline is put off before it comes, and setting a timer may cost a system call. So it is set
// here to an earlier time only; to a later one when it has woken watch_clock() for nothing.
void client_stream::set_deadline(asio::steady_timer::time_point deadline) {
  last_deadline_ = deadline_ = deadline;
  note_progress();
  if (deadline_ < wake_up_.expiry()) wake_up_.expires_at(deadline_);
}

void client_stream::hurry(std::chrono::milliseconds patience) {
  patience_ = patience;
  set_deadline(last_deadline_);
}

void client_stream::note_progress() {
  if (patience_ && last_deadline_ != asio::steady_timer::time_point::max())
    deadline_ = std::min(last_deadline_, std::chrono::steady_clock::now() + *patience_);
}

// A clock that is lost for want of memory closes the stream, too.
void client_stream::start_clock() {
  std::shared_ptr<void> at_end(nullptr, [self = shared_from_this()](void*) { self->close(); });
  asio::co_spawn(get_executor(), watch_clock(), [at_end = std::move(at_end)](std::exception_ptr) {});
}

asio::awaitable<void> client_stream::watch_clock() {
  while (std::chrono::steady_clock::now() < deadline_) {
    wake_up_.expires_at(deadline_);
    co_await wake_up_.async_wait(no_throw);
  }
  if (socket_.is_open()) spdlog::debug("connection dropped: the client took too long");
}

// Not beyond the end: Asio has taken note of it, and would wait for more news of the socket, which need not
// come.
void client_stream::begin_reading() {
  if (reading_ || ends_stream(last_failure_)) return;
  note_progress();
  async_read_some(input_.prepare(read_at_once),
                  [self = shared_from_this()](const error_code& ec, std::size_t size) {
                    self->reading_ = false;
                    self->last_failure_ = ec;
                    self->last_size_ = size;
                    self->input_.commit(size);
                    self->has_read_.cancel();
                    if (ec) self->on_input_end_(ec);
                  });
  reading_ = true;
}

void client_stream::read_ahead() {
  if (input_.size() == 0) begin_reading();
}

asio::awaitable<void> client_stream::reading_ended() {
  while (reading_) co_await has_read_.async_wait(no_throw);
}

asio::awaitable<std::size_t> client_stream::read_more() {
  begin_reading();
  co_await reading_ended();
  if (last_failure_ && !ends_stream(last_failure_)) throw boost::system::system_error(last_failure_);
  co_return last_size_;
}

asio::awaitable<void> client_stream::handshake() {
  if (tls_) co_await tls_->async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
}

asio::awaitable<void> client_stream::shut_down_sending() {
  error_code ignored;
  socket_.cancel(ignored);  // what is being read would be decrypted
  co_await reading_ended();
  if (tls_) co_await tls_->async_shutdown(no_throw);
  tls_.reset();
  socket_.shutdown(socket_type::shutdown_send, ignored);
}

}  // namespace embed_server
