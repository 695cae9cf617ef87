// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace embed_server {
namespace {

using boost::system::error_code;

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

// Some descriptors are needed for other things than clients.
http_settings within_file_limit(http_settings given) {
  constexpr rlim_t others = 64;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > 2 * others)
    given.limits.connections =
        std::min(given.limits.connections, static_cast<std::size_t>(files.rlim_cur - others));
  return given;
}

}  // namespace

server::server(tcp::acceptor acceptor, embed_service& service, const http_settings& settings)
    : acceptor_(std::move(acceptor)),
      service_(service),
      settings_(within_file_limit(settings)),
      client_left_(acceptor_.get_executor(), asio::steady_timer::time_point::max()) {}

void server::start() {
  acceptor_.listen();
  asio::co_spawn(acceptor_.get_executor(), accept_connections(), asio::detached);
}

asio::awaitable<void> server::accept_connections() {
  for (;;) {
    co_await wait_for_room();
    if (stopped_) co_return;
    auto [ec, socket] = co_await acceptor_.async_accept(no_throw);
    if (!ec) add(std::move(socket));
    if (!stopped_) co_await pause_after(ec);
  }
}

asio::awaitable<void> server::wait_for_room() {
  while (clients_.size() >= settings_.limits.connections && !stopped_)
    co_await client_left_.async_wait(no_throw);
}

// Without descriptors or memory, accepting fails at once and would be tried again at once: give clients time
// to leave.
asio::awaitable<void> server::pause_after(const error_code& ec) {
  const bool shortage = ec && ec != asio::error::connection_aborted;
  if (shortage && !out_of_files_) spdlog::warn("cannot accept connections: {}", ec.message());
  if (!shortage && out_of_files_) spdlog::info("accepting connections again");
  out_of_files_ = shortage;
  if (!shortage) co_return;
  asio::steady_timer pause{acceptor_.get_executor(), std::chrono::milliseconds{100}};
  co_await pause.async_wait(no_throw);
}

void server::add(tcp::socket socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay{true}, ignored);
  const auto client = clients_.emplace(clients_.end(), std::move(socket), service_, settings_);
  client->start([this, client] {
    clients_.erase(client);
    client_left_.cancel();
  });
}

void server::stop_accepting() {
  if (std::exchange(stopped_, true)) return;
  service_.start_draining();
  accept_waiting();
  acceptor_.close();
  client_left_.cancel();
}

void server::close_idle() {
  for (auto& client : clients_) client.close_if_idle();
}

// Clients in the listen queue believe that they are connected, and may have sent a request already.
void server::accept_waiting() {
  error_code ec;
  acceptor_.non_blocking(true, ec);
  while (!ec) {
    tcp::socket socket = acceptor_.accept(ec);
    if (!ec) add(std::move(socket));
  }
}

asio::awaitable<void> server::async_empty() {
  while (!clients_.empty()) co_await client_left_.async_wait(no_throw);
}

void server::drop_connections() {
  for (auto& client : clients_) client.drop();
}

tcp::acceptor open_acceptor(const asio::any_io_executor& executor, const std::string& host,
                            std::uint16_t port) {
  const auto name = host + ':' + std::to_string(port);
  error_code ec;
  const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, ec);
  if (ec) throw std::runtime_error("cannot listen on " + name + ": --host must be an IP address");
  const tcp::endpoint endpoint{address, port};
  tcp::acceptor acceptor{executor, endpoint.protocol()};
  acceptor.set_option(tcp::acceptor::reuse_address{true});
  acceptor.bind(endpoint, ec);
  if (ec) throw std::runtime_error("cannot listen on " + name + ": " + ec.message());
  return acceptor;
}

}  // namespace embed_server
