// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <cstdint>
#include <thread>
#include <utility>

namespace bench {

/// The least that an HTTP server on Boost.Beast does: it reads a request and answers "hello", on one thread,
/// with nothing that protects it.
class hello_server {
 public:
  hello_server() {
    boost::asio::co_spawn(io_, accept(), boost::asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }
  hello_server(const hello_server&) = delete;
  hello_server& operator=(const hello_server&) = delete;
  ~hello_server() {
    io_.stop();
    thread_.join();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  using tcp = boost::asio::ip::tcp;

  boost::asio::awaitable<void> accept() {
    for (;;) {
      tcp::socket socket = co_await acceptor_.async_accept(boost::asio::use_awaitable);
      boost::asio::co_spawn(io_, answer(std::move(socket)), boost::asio::detached);
    }
  }

  static boost::asio::awaitable<void> answer(tcp::socket socket) {
    namespace http = boost::beast::http;
    constexpr auto told = boost::asio::as_tuple(boost::asio::use_awaitable);
    socket.set_option(tcp::no_delay{true});
    boost::beast::flat_buffer buffer;
    for (;;) {
      http::request<http::string_body> asked;
      if (auto [failed, size] = co_await http::async_read(socket, buffer, asked, told); failed) co_return;
      http::response<http::string_body> hello{http::status::ok, asked.version(), "hello"};
      hello.keep_alive(asked.keep_alive());
      hello.prepare_payload();
      if (auto [failed, size] = co_await http::async_write(socket, hello, told); failed) co_return;
    }
  }

  boost::asio::io_context io_{1};
  tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::thread thread_;
};

}  // namespace bench
