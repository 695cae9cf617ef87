// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "unix_socket_file.hpp"

#include "listening_process.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <utility>

namespace embed_server {
namespace {

std::string other_side(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "another process";
  return describe_process(peer.pid);
}

}  // namespace

unix_socket_file::unix_socket_file(std::string path) : path_(std::move(path)) {
  struct stat file {};
  if (::lstat(path_.c_str(), &file) != 0) return;
  device_ = file.st_dev;
  number_ = file.st_ino;
}

bool unix_socket_file::is_there() const noexcept {
  struct stat file {};
  return !path_.empty() && ::lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ &&
         file.st_ino == number_;
}

void unix_socket_file::remove() noexcept {
  if (is_there()) ::unlink(path_.c_str());
  path_.clear();
}

void unix_socket_file::swap(unix_socket_file& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(device_, other.device_);
  std::swap(number_, other.number_);
}

// Nobody but a connection can tell whether somebody listens.
void clear_unix_socket(const boost::asio::any_io_executor& executor, const std::string& path) {
  using boost::asio::local::stream_protocol;
  std::error_code unknown;
  const auto status = std::filesystem::symlink_status(path, unknown);
  if (!std::filesystem::exists(status)) return;
  if (!std::filesystem::is_socket(status)) throw std::runtime_error("there is a file already, and no socket");
  boost::system::error_code ec;
  stream_protocol::socket socket{executor};
  socket.connect(stream_protocol::endpoint{path}, ec);
  if (!ec) throw std::runtime_error(other_side(socket.native_handle()) + " listens there");
  if (ec != boost::asio::error::connection_refused) throw std::runtime_error(ec.message());
  ::unlink(path.c_str());
}

}  // namespace embed_server
