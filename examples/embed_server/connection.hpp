// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "client_stream.hpp"
#include "embed_service.hpp"
#include "exchange.hpp"
#include "header_guard.hpp"
#include "http.hpp"
#include "http_settings.hpp"
#include "reserved_allocator.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace embed_server {

/// One client's connection: reads a request, has it answered, writes the answer, and so on. Requests that
/// arrive while one is being served wait in the buffer or the socket. Everything happens on the thread of the
/// socket's executor, but what only the thread of the service may do.
class connection : public std::enable_shared_from_this<connection> {
 public:
  /// Speaks TLS if there is a context for it. `home` is where the service's own thread is. The service and
  /// the settings must outlive the connection.
  connection(client_stream::socket_type socket, std::shared_ptr<asio::ssl::context> tls,
             embed_service& service, const http_settings& settings,
             const asio::io_context::executor_type& home);
  ~connection();

  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Serves the client until either side is done with the other, then calls `on_end` at home, which may
  /// destroy the connection.
  void start(std::function<void()> on_end);

  /// Closes the connection if no request has begun to arrive; else it ends when the client comes to a
  /// standstill. From any thread.
  void hurry();

  /// Ends the connection at once, whatever it is doing. From any thread.
  void drop();

 private:
  asio::awaitable<void> serve();
  asio::awaitable<bool> serve_one();
  asio::awaitable<bool> wait_for_request();
  /// `work` on the thread of the service.
  template <class Result>
  asio::awaitable<Result> at_home(asio::awaitable<Result> work);
  asio::awaitable<std::shared_ptr<const std::string>> read_event();
  asio::awaitable<std::optional<response>> answer(exchange& request, destination where, std::string body);
  void watch_client();
  void input_ended(const boost::system::error_code& ec);
  asio::awaitable<bool> send(response answer, const exchange& request, bool keep_alive);
  asio::awaitable<void> send_events(response header, const exchange& request);
  asio::awaitable<void> tell_metrics();
  void complete(response& answer, const exchange& request, bool keep_alive);
  void log(const exchange& request, unsigned status, const response* answer) const;
  asio::awaitable<void> say_goodbye();
  void set_idle(bool idle);

  const std::shared_ptr<client_stream> stream_;
  embed_service& service_;
  const http_settings& settings_;
  const limits& limits_;
  const asio::io_context::executor_type home_;
  std::string address_;  // the client's
  asio::cancellation_signal drop_;
  reserved_allocator<> end_memory_;  // to tell of the end, which may be due to a lack of memory
  std::size_t answered_ = 0;
  bool idle_ = true;
  bool watched_ = false;  // what is being done is of no use to a client that has left
  bool left_ = false;     // it has, meanwhile
};

}  // namespace embed_server
