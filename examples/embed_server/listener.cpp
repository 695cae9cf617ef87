// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "listener.hpp"

#include "listening_process.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/system/error_code.hpp>

#include <sys/un.h>

#include <cstring>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace embed_server {
namespace {

using asio::ip::tcp;
using asio::local::stream_protocol;
using boost::system::error_code;

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw std::runtime_error("cannot listen on " + name + ": " + why);
}

// Also who has the port, where that is known.
[[noreturn]] void refuse(const std::string& name, const error_code& failed, std::uint16_t port) {
  const std::string other = failed == asio::error::address_in_use ? find_listening_process(port) : "";
  refuse(name, failed.message() + (other.empty() ? "" : " by " + other));
}

tcp::endpoint endpoint_of(const listener& on) {
  const auto found = on.acceptor.local_endpoint();
  tcp::endpoint endpoint;
  std::memcpy(endpoint.data(), found.data(), found.size());
  endpoint.resize(found.size());
  return endpoint;
}

}  // namespace

std::string listener::address() const {
  if (is_unix()) return file.path();
  std::ostringstream text;
  text << endpoint_of(*this);
  return text.str();
}

std::uint16_t listener::port() const { return endpoint_of(*this).port(); }

// Who comes while a server loads its model takes the file for one that nobody listens on.
void listener::listen() {
  if (is_unix() && !file.is_there())
    refuse(address(), "another process has removed its file or taken its place");
  error_code ec;
  acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (!ec) return;
  if (is_unix()) refuse(address(), ec.message());
  refuse(address(), ec, port());
}

listener open_tcp(const asio::any_io_executor& executor, const std::string& host, std::uint16_t port) {
  const auto name = host + ':' + std::to_string(port);
  error_code ec;
  const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, ec);
  if (ec) refuse(name, "--host must be an IP address");
  const tcp::endpoint endpoint{address, port};
  tcp::acceptor acceptor{executor, endpoint.protocol()};
  acceptor.set_option(tcp::acceptor::reuse_address{true});
  acceptor.bind(endpoint, ec);
  if (!ec) return {std::move(acceptor)};
  refuse(name, ec, port);
}

listener open_unix(const asio::any_io_executor& executor, const std::string& path) {
  constexpr std::size_t longest = sizeof sockaddr_un{}.sun_path - 1;
  if (path.empty() || path.size() > longest)
    refuse('"' + path + '"', "the path of a Unix socket has 1 to " + std::to_string(longest) + " bytes");
  try {
    clear_unix_socket(executor, path);
  } catch (const std::runtime_error& error) {
    refuse(path, error.what());
  }
  stream_protocol::acceptor acceptor{executor, stream_protocol{}};
  error_code ec;
  acceptor.bind(stream_protocol::endpoint{path}, ec);
  if (ec) refuse(path, ec.message());
  return {std::move(acceptor), unix_socket_file{path}};
}

}  // namespace embed_server
