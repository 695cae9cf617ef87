// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/event_stream.hpp"
#include "embed_server/guarded.hpp"
#include "embed_server/server_facts.hpp"
#include "support/http_client.hpp"
#include "test_server.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

embed_server::limits with_quick_events() {
  embed_server::limits limits;
  limits.event_interval = 1ms;
  return limits;
}

}  // namespace

TEST_CASE("an event has its lines without comments and ends with an empty one") {
  CHECK(embed_server::to_event("# HELP a\na 1\nb 2\n") == "data: a 1\ndata: b 2\n\n");
  CHECK(embed_server::to_event("") == "\n");
}

TEST_CASE("the dashboard is one page that may load nothing but its events") {
  test_server server;
  http_client client(server.port());
  const auto page = client.ask(get("/dashboard"));
  CHECK(page.status == 200);
  CHECK(page.field("content-type") == "text/html; charset=utf-8");
  CHECK(page.field("content-security-policy").starts_with("default-src 'none'"));
  CHECK(page.body.ends_with("</html>\n"));
  CHECK(page.body.find("//") == page.body.find("// The server sends"));  // no address, and so nothing to load
}

TEST_CASE("events with the metrics follow each other, while others are served") {
  test_server server(with_quick_events());
  http_client viewer(server.port());
  const auto header = viewer.ask(get("/dashboard/events"));
  CHECK(header.status == 200);
  CHECK(header.field("content-type") == "text/event-stream");
  CHECK(header.field("content-length").empty());
  CHECK(header.field("connection") == "close");
  const std::string before = viewer.receive_until("\n\n");
  CHECK(before.starts_with("data: carpool_build_info{"));
  CHECK(before.find("\ndata: carpool_requests_total{model=\"fake\",outcome=\"ok\"} 0\n") != before.npos);
  http_client other(server.port());
  CHECK(other.ask(post_json("/embed", R"({"text":"a"})")).status == 200);
  viewer.receive_until("data: carpool_requests_total{model=\"fake\",outcome=\"ok\"} 1\n");
}

TEST_CASE("an event is written once for all who look at about the same time") {
  embed_server::model_catalog none;
  embed_server::limits limits;
  limits.event_interval = 1000ms;
  embed_server::guarded<embed_server::counters> counted;
  embed_server::server_facts facts{none, limits, counted};
  const carpool::time_point begin{1h};
  const auto first = facts.event(begin);
  CHECK(first->find("data: carpool_http_connections{") != std::string::npos);
  CHECK(facts.event(begin + 249ms) == first);
  const auto second = facts.event(begin + 250ms);
  CHECK(second != first);
  CHECK(facts.event(begin + 499ms) == second);
}

TEST_CASE("who looks no more is noticed, and who does is told when the server ends") {
  test_server server(with_quick_events());
  http_client gone(server.port()), stays(server.port());
  for (http_client* each : {&gone, &stays}) {
    each->ask(get("/dashboard/events"));
    each->receive_until("\n\n");
  }
  gone.close();
  stays.receive_until("data: carpool_http_connections{state=\"active\"} 1\n");
  server.signal();
  stays.receive_all();
  CHECK(server.wait());
}

TEST_CASE("the time between two events is not counted as that to write them") {
  embed_server::limits limits;
  limits.event_interval = 450ms;
  limits.write_time = 300ms;
  test_server server(limits);
  http_client viewer(server.port());
  viewer.ask(get("/dashboard/events"));
  viewer.receive_until("\n\n");
  CHECK(viewer.receive_until("\n\n").starts_with("data: carpool_build_info{"));
}

TEST_CASE("HEAD is answered without events") {
  test_server server;
  http_client client(server.port());
  client.send("HEAD /dashboard/events HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive(true).field("content-type") == "text/event-stream");
  CHECK(client.ask(get("/health")).status == 200);
}
