// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "support/await.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "test_server.hpp"

#include <string>
#include <system_error>
#include <vector>

using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

const std::string question = post_json("/embed", R"({"text":"hi"})");
const std::string right_answer = R"({"embedding":[2,104,105,1]})";

bool refuses_connections(const test_server& server) {
  try {
    http_client client(server.port());
    return false;
  } catch (const std::system_error&) {
    return true;
  }
}

}  // namespace

TEST_CASE("P1: a signal lets everything that has arrived be answered, then the server ends") {
  test_server server({}, {.max_batch_size = 2});
  server.hold_model();
  std::vector<http_client> clients;
  for (std::size_t i = 0; i < 5; ++i) {
    clients.emplace_back(server.port()).send(question);
    await([&] { return server.stats().submitted > i; });
  }
  server.signal();
  await([&] { return refuses_connections(server); });
  server.release_model();
  for (auto& client : clients) {
    const auto answer = client.receive();
    CHECK(answer.body == right_answer);
    CHECK(answer.field("connection") == "close");
    client.close();
  }
  CHECK(server.wait());
  CHECK(server.stats().succeeded == 5);
}

TEST_CASE("P2: idle connections do not hold up the end") {
  test_server server;
  http_client used(server.port()), unused(server.port());
  CHECK(used.ask(question).status == 200);
  server.signal();
  CHECK(server.wait());
  CHECK(used.closed_by_server());
  CHECK(unused.closed_by_server());
}

TEST_CASE("P1: clients that come to a standstill do not hold up the end") {
  test_server server({.body_time = 1h, .write_time = 1h, .goodbye_time = 1ms, .standstill_time = 50ms});
  http_client deaf(server.port()), mute(server.port()), watching(server.port());
  mute.send(question.substr(0, question.size() - 1));
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += get("/dashboard");  // more than sockets hold
  deaf.send(requests);
  const auto answers = [&] {
    const std::string text = watching.ask(get("/metrics")).body, series = "{code=\"200\"} ";
    const bool both_busy = text.find("{state=\"active\"} 3\n") != text.npos;
    const auto at = text.find(series);
    return both_busy && at != text.npos ? std::stol(text.substr(at + series.size())) : 0;
  };
  for (long before = 0, now = 0; now < 10 || now > before + 1; now = answers()) before = now;
  server.signal();
  CHECK(server.wait());
  CHECK(mute.closed_by_server());
}

TEST_CASE("P1: a client that waits for its answer is not at a standstill") {
  test_server server({.goodbye_time = 1ms, .standstill_time = 1ms});
  server.hold_model();
  http_client idle(server.port()), waiting(server.port());
  waiting.send(question);
  server.await_run();
  server.signal();
  CHECK(idle.closed_by_server());
  server.release_model();
  CHECK(waiting.receive().body == right_answer);
  CHECK(server.wait());
}

TEST_CASE("while the server drains, it says that it is not healthy") {
  test_server server;
  server.hold_model();
  http_client busy(server.port()), observer(server.port());
  busy.send(question);
  observer.send("GET /health HTTP/1.1\r\n");  // has begun, so it will be answered
  server.await_run();
  await([&] {
    return http_client(server.port()).ask(get("/metrics")).body.find("{state=\"active\"} 3\n") !=
           std::string::npos;
  });
  server.signal();
  await([&] { return refuses_connections(server); });
  observer.send("Host: a\r\n\r\n");
  CHECK(observer.receive().status == 503);
  server.release_model();
  CHECK(busy.receive().body == right_answer);
}

TEST_CASE("B37: a server that has lost a device says so, and without any that it is not healthy") {
  test_server server;
  http_client client(server.port());
  CHECK(client.ask(get("/health")).body == R"({"status":"ok"})");
  server.fail_device();
  const auto degraded = client.ask(get("/health"));
  CHECK(degraded.status == 200);
  CHECK(degraded.body == R"({"status":"degraded","failed_devices":["fake:0"]})");
  CHECK(client.ask(get("/metrics")).body.find("carpool_device_works{model=\"fake\",device=\"fake:0\"} 0\n") !=
        std::string::npos);
  server.fail_device();
  const auto failed = client.ask(get("/health"));
  CHECK(failed.status == 503);
  CHECK(failed.body == R"({"status":"no device works any more","failed_devices":["fake:0","fake:1"]})");
}

TEST_CASE("P2: a second signal answers what still waits with 503 and ends at once") {
  test_server server({.goodbye_time = 50ms}, {.max_batch_size = 1});
  server.hold_model();
  http_client running(server.port()), waiting(server.port());
  running.send(question);
  server.await_run();
  waiting.send(question);
  await([&] { return server.stats().queued > 0; });
  server.signal();
  server.signal();
  CHECK(waiting.receive().status == 503);
  CHECK(running.closed_by_server());
  CHECK(!server.wait());
}

TEST_CASE("B11: a model that hangs does not keep the server from ending when its time is up") {
  test_server server({.goodbye_time = 50ms, .drain_time = 50ms}, {.max_batch_size = 1});
  server.hold_model();
  http_client running(server.port());
  running.send(question);
  server.await_run();
  server.signal();
  CHECK(!server.wait());
  CHECK(running.closed_by_server());
}
