// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace embed_server {

namespace asio = boost::asio;

/// The bytes from and to one client, over TCP or a Unix socket, with TLS or without, and the time until which
/// they have to be there: those who read and write need not know which. Not thread-safe.
///
/// One read at most is under way, and goes on while something else is done: it shows when the client leaves,
/// and need not be begun again for the next request. To be made with std::make_shared: what is under way
/// holds it.
class client_stream : public std::enable_shared_from_this<client_stream> {
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

  /// Whether the client has sent something that has not been parsed.
  bool has_input();

  /// For everything that is done from now on, together.
  void expires_after(std::chrono::milliseconds time) {
    set_deadline(std::chrono::steady_clock::now() + time);
  }
  void expires_never() { set_deadline(asio::steady_timer::time_point::max()); }

  /// From now on, whatever expires does so, too, when the client has sent or taken nothing for this time.
  void hurry(std::chrono::milliseconds patience);

  /// From now on it is closed when that time is over.
  void start_clock();

  /// Agrees with the client on a TLS session; at once without TLS. Throws boost::system::system_error.
  asio::awaitable<void> handshake();

  /// Tells the client that nothing more will come. What it still sends can be read, but is no more decrypted.
  asio::awaitable<void> shut_down_sending();

  /// Ends everything that is under way.
  void close();

  /// What has been read and not yet parsed. To be changed only while nothing is being read.
  boost::beast::flat_buffer& input() { return input_; }

  /// Bytes added to the input; 0 at the end of the stream. Throws boost::system::system_error.
  asio::awaitable<std::size_t> read_more();

  /// Begins to read, unless there is some input already.
  void read_ahead();

  /// From now on `tell` is called whenever a read finds that the stream has ended or is broken.
  void on_input_end(std::function<void(const boost::system::error_code&)> tell) {
    on_input_end_ = std::move(tell);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    note_progress();
    if (tls_) return tls_->async_write_some(buffers, std::forward<Token>(token));
    return socket_.async_write_some(buffers, std::forward<Token>(token));
  }

 private:
  void set_deadline(asio::steady_timer::time_point deadline);
  void note_progress();
  asio::awaitable<void> watch_clock();
  void begin_reading();
  asio::awaitable<void> reading_ended();

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Token>(token));
    return socket_.async_read_some(buffers, std::forward<Token>(token));
  }

  socket_type socket_;
  std::optional<asio::ssl::stream<socket_type&>> tls_;
  asio::steady_timer::time_point last_deadline_ = asio::steady_timer::time_point::max();
  std::optional<std::chrono::milliseconds> patience_;  // with a client at a standstill
  asio::steady_timer::time_point deadline_ = last_deadline_;
  asio::steady_timer wake_up_;  // at the deadline, or before it
  boost::beast::flat_buffer input_;
  bool reading_ = false;
  std::size_t last_size_ = 0;               // of what was read last
  boost::system::error_code last_failure_;  // why nothing was
  asio::steady_timer has_read_;             // never fires; cancelled when a read has ended
  std::function<void(const boost::system::error_code&)> on_input_end_ = [](const auto&) {};
};

/// Whether it is about the end of a stream, rather than about an error. Many clients end a TLS session by
/// closing the socket: what they have sent is complete all the same if HTTP says so.
bool ends_stream(const boost::system::error_code& ec);

}  // namespace embed_server
