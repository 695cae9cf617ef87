// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/redis_redirection.hpp"

#include "support/doctest.hpp"

using cluster::redirection;
using cluster::redis_settings;

TEST_CASE("MOVED names another server, and all else is as it was for the one that was asked") {
  redis_settings asked{.host = "seed", .unix_socket = "/run/redis"};
  asked.tls = true;
  asked.password_file = "secret";
  const auto moved = redirection(asked, "MOVED 3999 10.0.0.7:6381");
  REQUIRE(moved);
  CHECK(moved->host == "10.0.0.7");
  CHECK(moved->port == "6381");
  CHECK(moved->unix_socket.empty());
  CHECK(moved->tls);
  CHECK(moved->password_file == "secret");
}

TEST_CASE("MOVED may name an IPv6 address, a name, or another port of the same host") {
  const redis_settings asked{.host = "seed", .port = "6379"};
  const auto address = redirection(asked, "MOVED 1 2001:db8::7:6381");
  REQUIRE(address);
  CHECK(address->host == "2001:db8::7");
  CHECK(address->port == "6381");
  CHECK(redirection(asked, "MOVED 1 redis-2.example:6379")->host == "redis-2.example");
  const auto port = redirection(asked, "MOVED 1 :6380");
  REQUIRE(port);
  CHECK(port->host == "seed");
  CHECK(port->port == "6380");
}

TEST_CASE("other errors, and what is no address, send nobody anywhere") {
  for (const char* error : {"ERR unknown command", "ASK 3999 10.0.0.7:6381", "MOVED", "MOVED 3999 nowhere",
                            "MOVED 3999 10.0.0.7:", "moved 3999 10.0.0.7:6381"})
    CHECK_FALSE(redirection({}, error));
}
