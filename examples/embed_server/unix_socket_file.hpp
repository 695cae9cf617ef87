// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <sys/types.h>

#include <string>

namespace embed_server {

/// The file by which clients find a Unix socket. Goes away with this object, if it is still the same file by
/// then.
class unix_socket_file {
 public:
  /// None.
  unix_socket_file() = default;

  /// The file that has just been made by binding a socket.
  explicit unix_socket_file(std::string path);
  ~unix_socket_file() { remove(); }

  unix_socket_file(unix_socket_file&& other) noexcept { swap(other); }
  unix_socket_file& operator=(unix_socket_file&& other) noexcept {
    swap(other);
    return *this;
  }

  const std::string& path() const noexcept { return path_; }
  /// Whether it is at its path: it may have been removed, or another socket have taken its place.
  bool is_there() const noexcept;
  void remove() noexcept;

 private:
  void swap(unix_socket_file& other) noexcept;

  std::string path_;
  dev_t device_ = 0;
  ino_t number_ = 0;
};

/// Makes way for a socket at this path: removes one that nobody listens on. Throws std::runtime_error with
/// the reason why the path cannot be had.
void clear_unix_socket(const boost::asio::any_io_executor& executor, const std::string& path);

}  // namespace embed_server
