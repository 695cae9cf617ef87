// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace cluster {

/// Where Redis is, and how to talk to it.
struct redis_settings {
  std::string host = "127.0.0.1";
  std::string port = "6379";
  std::string unix_socket = {};  ///< path; goes before host and port
  bool tls = false;
  std::string tls_ca = {};  ///< PEM file with the authorities to trust; empty: those of the system
  std::string user = "default";
  std::string password_file = {};  ///< whose first line is the password; empty: none

  /// The password, now. Throws std::runtime_error with a sentence.
  std::string password() const;

  /// After that a command has failed.
  std::chrono::milliseconds command_time = std::chrono::seconds{1};
  /// Between an attempt to connect and the next one.
  std::chrono::milliseconds reconnect_pause = std::chrono::milliseconds{250};
  /// Bytes of one reply, or of several that come together; more end the connection.
  std::size_t max_reply = 256UL << 20;
};

}  // namespace cluster
