// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/queue_options.hpp"

#include "support/doctest.hpp"
#include "support/temporary_folder.hpp"

#include <stdexcept>
#include <string>

using namespace cluster;

namespace {

// What a user is told; empty when there was nothing to complain about.
std::string complaint(const queue_options& given) {
  try {
    settings_of(given);
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("Redis is at a host and port, or at a Unix socket") {
  queue_options given;
  given.redis = "redis.example.org:7000";
  CHECK(settings_of(given).host == "redis.example.org");
  CHECK(settings_of(given).port == "7000");
  given.redis = "::1:7000";
  CHECK(settings_of(given).host == "::1");
  given.redis = "[::1]:7000";
  CHECK(settings_of(given).host == "::1");
  given.redis = "localhost:redis";
  CHECK(settings_of(given).port == "redis");
  given.redis = "unix:/run/redis.sock";
  CHECK(settings_of(given).unix_socket == "/run/redis.sock");
}

TEST_CASE("an address that is none is named, with what it should be") {
  for (const char* address : {"", "localhost", "localhost:", ":6379", "localhost:0", "localhost:65536",
                              "localhost:99999999999", "unix:"}) {
    queue_options given;
    given.redis = address;
    CHECK(complaint(given) == "--redis: " + std::string(address) + " is neither HOST:PORT nor unix:PATH");
  }
  queue_options given;
  given.redis = "unix:/run/redis.sock";
  given.tls = true;
  CHECK(complaint(given) == "--redis-tls: a Unix socket speaks no TLS");
  given.redis = "unix:" + std::string(108, 'x');
  CHECK(complaint(given) == "--redis: " + given.redis + ": the path of a Unix socket has at most 107 bytes");
}

TEST_CASE("a password is the first line of its file") {
  const carpool::test::temporary_folder folder;
  queue_options given;
  given.password_file = folder.write("password", "secret word\nanother\n").string();
  CHECK(settings_of(given).password() == "secret word");
  given.password_file = folder.write("from Windows", "secret word\r\n").string();
  CHECK(settings_of(given).password() == "secret word");
  given.password_file = folder.write("empty", "").string();
  CHECK(complaint(given) == "--redis-password-file: " + given.password_file + " cannot be read or is empty");
}
