// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "server.hpp"

#include "file_limit.hpp"
#include "no_throw.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/system/error_code.hpp>

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace embed_server {
namespace {

using boost::system::error_code;

http_settings within_file_limit(http_settings given) {
  given.limits.connections = find_file_limit(given.limits.connections).connections;
  return given;
}

}  // namespace

server::server(std::vector<listener> listeners, embed_service& service, const http_settings& settings,
               std::vector<asio::any_io_executor> threads)
    : listeners_(std::move(listeners)),
      threads_(std::move(threads)),
      service_(service),
      settings_(within_file_limit(settings)),
      client_left_(home(), asio::steady_timer::time_point::max()) {
  if (threads_.empty()) threads_.push_back(home());
}

asio::any_io_executor server::home() { return listeners_.front().acceptor.get_executor(); }

const asio::any_io_executor& server::next_thread() { return threads_[accepted_++ % threads_.size()]; }

void server::start() {
  for (listener& each : listeners_) {
    each.acceptor.listen();
    asio::co_spawn(each.acceptor.get_executor(), accept_connections(each), asio::detached);
  }
}

std::vector<std::string> server::addresses() const {
  std::vector<std::string> addresses;
  for (const listener& each : listeners_) {
    const char* scheme = each.is_unix() ? "unix:" : tls_ ? "https://" : "http://";
    addresses.push_back(scheme + each.address());
  }
  return addresses;
}

asio::awaitable<void> server::accept_connections(listener& from) {
  for (;;) {
    co_await wait_for_room();
    if (stopped_) co_return;
    auto [ec, socket] = co_await from.acceptor.async_accept(next_thread(), no_throw);
    if (!ec) add(std::move(socket), from);
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
  asio::steady_timer pause{client_left_.get_executor(), std::chrono::milliseconds{100}};
  co_await pause.async_wait(no_throw);
}

void server::add(client_stream::socket_type socket, const listener& from) {
  const auto client = clients_.insert(
      clients_.end(), std::make_shared<connection>(std::move(socket), from.is_unix() ? nullptr : tls_,
                                                   service_, settings_, home()));
  (*client)->start([this, client] {
    clients_.erase(client);
    client_left_.cancel();
  });
}

void server::stop_accepting() {
  if (std::exchange(stopped_, true)) return;
  service_.start_draining();
  for (listener& each : listeners_) {
    accept_waiting(each);
    each.acceptor.close();
    each.file.remove();
  }
  client_left_.cancel();
}

void server::close_idle() {
  for (const auto& client : clients_) client->close_if_idle();
}

// Clients in the listen queue believe that they are connected, and may have sent a request already.
void server::accept_waiting(listener& from) {
  error_code ec;
  from.acceptor.non_blocking(true, ec);
  while (!ec) {
    auto socket = from.acceptor.accept(next_thread(), ec);
    if (!ec) add(std::move(socket), from);
  }
}

asio::awaitable<void> server::async_empty() {
  while (!clients_.empty()) co_await client_left_.async_wait(no_throw);
}

void server::drop_connections() {
  for (const auto& client : clients_) client->drop();
}

}  // namespace embed_server
