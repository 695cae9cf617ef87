// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/memory_budget.hpp"

#include "compress.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "test_server.hpp"

#include <cstddef>
#include <string>
#include <utility>

using namespace embed_server;
using namespace carpool::test;

namespace {

constexpr std::size_t small = memory_budget::free, large = small + 1000;

const std::string right_answer = R"({"embedding":[2,104,105,1]})";

std::string body_of(std::size_t size) {
  const std::string text = R"({"text":"hi"})";
  return text + std::string(size - text.size(), ' ');
}

std::string asking(std::size_t size) { return post_json("/embed", body_of(size)); }

}  // namespace

TEST_CASE("a share takes what is beyond the free part, and gives it back at its end") {
  memory_budget budget{100};
  {
    memory_share one{budget}, other{budget};
    one.grow_to(small + 60);
    one.grow_to(small + 50);  // no more than it has
    other.grow_to(small);
    other.grow_to(small + 40);
    CHECK_THROWS_AS(one.grow_to(small + 61), api_error);
    one.grow_to(small + 50);  // what it had was given back
    one.grow_by(10);
    const memory_share moved{std::move(one)};
    CHECK(!budget.take(1));
  }
  CHECK(budget.take(100));
}

TEST_CASE("H5: large bodies that are too large together are refused, and small ones are not") {
  test_server server({.requests_memory = 1500});
  server.hold_model();
  http_client first(server.port()), second(server.port()), third(server.port());
  first.send(asking(large));
  server.await_run();
  const auto refused = second.ask(asking(large));
  CHECK(refused.status == 503);
  CHECK(refused.field("retry-after") == "1");
  third.send(asking(small));
  server.release_model();
  CHECK(first.receive().body == right_answer);
  CHECK(third.receive().body == right_answer);
  CHECK(first.ask(asking(large)).body == right_answer);
}

TEST_CASE("H5: an answer that is too large for the memory left is refused before the model runs") {
  test_server server({.requests_memory = 1000});
  http_client client(server.port());
  const auto status = [&](std::size_t texts) {
    std::string list = "\"a\"";
    for (std::size_t i = 1; i < texts; ++i) list += ",\"a\"";
    return client.ask(post_json("/embed", "{\"inputs\":[" + list + "]}")).status;
  };
  CHECK(status(2000) == 503);
  CHECK(server.texts_run() == 0);
  CHECK(status(800) == 200);  // in its free part
  CHECK(status(2000) == 503);
  CHECK(server.texts_run() == 800);
}

TEST_CASE("H5: labels whose names are too long for the memory left are refused before the model runs") {
  test_server server({.requests_memory = 1000}, {}, {}, "classifier");
  http_client client(server.port());
  const auto status = [&](std::size_t texts) {
    std::string list = "[\"a\"]";
    for (std::size_t i = 1; i < texts; ++i) list += ",[\"a\"]";
    return client.ask(post_json("/predict", "{\"inputs\":[" + list + "]}")).status;
  };
  CHECK(status(600) == 503);
  CHECK(server.texts_run() == 0);
  CHECK(status(300) == 200);
}

TEST_CASE("H5: tokens that are too many for the memory left are refused") {
  test_server server({.requests_memory = 1000});
  http_client client(server.port());
  const auto status = [&](std::size_t length) {
    return client.ask(post_json("/tokenize", "{\"inputs\":\"" + std::string(length, 'a') + "\"}")).status;
  };
  CHECK(status(2000) == 503);
  CHECK(status(500) == 200);
}

TEST_CASE("H6: what a compressed body becomes counts, too") {
  test_server server({.requests_memory = 2 * small});
  const auto status = [&](std::size_t size) {
    return http_client(server.port())
        .ask(post_json("/embed", compress(body_of(size), coding::gzip), "Content-Encoding: gzip\r\n"))
        .status;
  };
  CHECK(status(4 * small) == 503);
  CHECK(status(2 * small) == 200);
}
