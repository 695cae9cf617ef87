// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "server.hpp"

#include "file_limit.hpp"
#include "no_throw.hpp"

#include <boost/asio/bind_allocator.hpp>

#include <spdlog/spdlog.h>

#include <chrono>
#include <exception>
#include <new>
#include <utility>

namespace embed_server {
namespace {

using boost::system::error_code;

http_settings within_file_limit(http_settings given) {
  given.limits.connections = find_file_limit(given.limits.connections).connections;
  return given;
}

}  // namespace

server::server(std::vector<listener> listeners, embed_service& service, const http_settings& settings)
    : listeners_(std::move(listeners)),
      threads_{home()},
      service_(service),
      settings_(within_file_limit(settings)),
      client_left_(home(), asio::steady_timer::time_point::max()) {}

void server::set_threads(std::vector<asio::any_io_executor> threads) {
  threads_ = std::move(threads);
  if (threads_.empty()) threads_.push_back(home());
}

asio::io_context::executor_type server::home() {
  return static_cast<asio::io_context&>(listeners_.front().acceptor.get_executor().context()).get_executor();
}

const asio::any_io_executor& server::next_thread() { return threads_[accepted_++ % threads_.size()]; }

void server::start() {
  for (listener& each : listeners_) {
    each.listen();
    each.acceptor.non_blocking(true);
    wait_for_client(each);
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

// The memory for it has been there from the beginning: a server that cannot wait for clients any more looks
// healthy to those it has.
void server::wait_for_client(listener& from) {
  if (stopped_) return;
  from.waits_for_room = clients_.size() >= settings_.limits.connections;
  if (from.waits_for_room) return;
  from.acceptor.async_wait(asio::socket_base::wait_read,
                           asio::bind_allocator(from.memory, [this, &from](const error_code& ec) {
                             if (!ec) let_in(from);
                           }));
}

void server::let_in(listener& from) {
  if (stopped_) return;
  if (is_shortage(accept(from)))
    pause(from);
  else
    wait_for_client(from);
}

// Closes the connection if there is no memory for it.
error_code server::accept(listener& from) {
  error_code ec;
  try {
    auto socket = from.acceptor.accept(next_thread(), ec);
    if (!ec) add(std::move(socket), from);
  } catch (const std::exception& error) {
    spdlog::error("a client was turned away: {}", error.what());
  }
  return ec;
}

bool server::is_shortage(const error_code& ec) {
  const bool shortage = ec && ec != asio::error::connection_aborted && ec != asio::error::would_block;
  if (shortage && !out_of_files_) spdlog::warn("cannot accept connections: {}", ec.message());
  if (!shortage && out_of_files_) spdlog::info("accepting connections again");
  out_of_files_ = shortage;
  return shortage;
}

// Without descriptors or memory, accepting fails at once and would be tried again at once: give clients time
// to leave.
void server::pause(listener& from) {
  try {
    from.pause.expires_after(std::chrono::milliseconds{100});
    from.pause.async_wait(asio::bind_allocator(from.memory, [this, &from](const error_code& ec) {
      if (!ec) wait_for_client(from);
    }));
  } catch (const std::bad_alloc&) {  // Asio's list of timers could not grow
    wait_for_client(from);
  }
}

void server::add(client_stream::socket_type socket, const listener& from) {
  const auto client = clients_.insert(
      clients_.end(), std::make_shared<connection>(std::move(socket), from.is_unix() ? nullptr : tls_,
                                                   service_, settings_, home()));
  (*client)->start([this, client] { remove(client); });
}

void server::remove(client_list::iterator client) {
  clients_.erase(client);
  client_left_.cancel();
  for (listener& each : listeners_)
    if (each.waits_for_room) wait_for_client(each);
}

void server::stop_accepting() {
  if (std::exchange(stopped_, true)) return;
  service_.start_draining();
  for (listener& each : listeners_) {
    // Clients in the listen queue believe that they are connected, and may have sent a request already.
    while (!accept(each)) {
    }
    each.pause.cancel();
    each.acceptor.close();
    each.file.remove();
  }
  client_left_.cancel();
}

void server::hurry() {
  for (const auto& client : clients_) client->hurry();
}

asio::awaitable<void> server::async_empty() {
  while (!clients_.empty()) co_await client_left_.async_wait(no_throw);
}

void server::drop_connections() {
  for (const auto& client : clients_) client->drop();
}

}  // namespace embed_server
