// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Whole conversations with the server over the loopback interface, with a fake model behind carpool's real
// batcher.

#include "support/await.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "test_server.hpp"
#include <carpool/observe/prometheus_text.hpp>

#include <string>
#include <thread>
#include <vector>

using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

// The value of one series in a metrics text.
double metric(const std::string& text, const std::string& series) {
  const auto at = ("\n" + text).find("\n" + series + " ");
  REQUIRE(at != std::string::npos);
  return std::stod(text.substr(at + series.size()));
}

const std::string quiet_question = post_json("/embed", R"({"text":"hi"})");
const std::string quiet_answer = R"({"embedding":[2,104,105,1]})";

}  // namespace

TEST_CASE("the tutorial's request gets its embedding") {
  test_server server;
  const auto answer = http_client(server.port()).ask(quiet_question);
  CHECK(answer.status == 200);
  CHECK(answer.body == quiet_answer);
  CHECK(answer.field("content-type") == "application/json");
  CHECK(answer.field("date").ends_with(" GMT"));
  CHECK(answer.field("x-request-id").size() == 16);
}

TEST_CASE("TEI's requests are answered with lists, at /embed and at the bare address") {
  test_server server;
  http_client client(server.port());
  CHECK(client.ask(post_json("/embed", R"({"inputs":"hi"})")).body == "[[2,104,105,1]]");
  CHECK(client.ask(post_json("/", R"({"inputs":["a","b"]})")).body == "[[1,97,97,1],[1,98,98,1]]");
}

TEST_CASE("OpenAI's requests are answered in order, with usage, in both encodings") {
  test_server server;
  http_client client(server.port());
  for (const auto* path : {"/v1/embeddings", "/embeddings"}) {
    CHECK(client.ask(post_json(path, R"({"model":"any","input":["a","bc"]})")).body ==
          R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,97,97,1]},)"
          R"({"object":"embedding","index":1,"embedding":[2,98,99,1]}],"model":"fake",)"
          R"("usage":{"prompt_tokens":3,"total_tokens":3}})");
  }
  const auto base64 = client.ask(post_json("/v1/embeddings", R"({"input":"a","encoding_format":"base64"})"));
  CHECK(base64.body.find(R"("embedding":"AACAPwAAwkIAAMJCAACAPw==")") != std::string::npos);
}

TEST_CASE("dimensions shortens an embedding and scales it back to length 1") {
  test_server server;
  http_client client(server.port());
  CHECK(client.ask(post_json("/embed", R"({"inputs":"a","dimensions":1})")).body == "[[1]]");
  const auto refused = client.ask(post_json("/v1/embeddings", R"({"input":"a","dimensions":5})"));
  CHECK(refused.status == 400);
  CHECK(refused.body.find(R"("param":"dimensions")") != std::string::npos);
}

TEST_CASE("H10: 2048 inputs are answered in order, 2049 refused") {
  test_server server;
  http_client client(server.port());
  const auto ask = [&](int count) {
    std::string list = "\"0\"";
    for (int i = 1; i < count; ++i)
      list += ",\"" + std::string(static_cast<std::size_t>(i % 50 + 1), 'x') + '"';
    return client.ask(post_json("/v1/embeddings", R"({"input":[)" + list + "]}"));
  };
  const auto answer = ask(2048);
  CHECK(answer.status == 200);
  CHECK(answer.body.find(R"("index":2047,"embedding":[48,120,120,1]})") != std::string::npos);
  CHECK(ask(2049).status == 400);
}

TEST_CASE("a text that is too long is cut, unless the client would rather have an error") {
  test_server server;
  http_client client(server.port());
  const std::string text(2000, 'x');
  CHECK(client.ask(post_json("/embed", R"({"inputs":")" + text + R"("})")).body == "[[1000,120,120,1]]");
  const auto refused =
      client.ask(post_json("/embed", R"({"inputs":["a",")" + text + R"("],"truncate":false})"));
  CHECK(refused.status == 422);
  CHECK(refused.body ==
        R"({"error":"inputs[1]: the text has more tokens than the model takes","error_type":"Validation"})");
  CHECK(server.stats().submitted == 1);
}

TEST_CASE("health, models and metrics are answered beside the queue") {
  test_server server;
  http_client client(server.port());
  const auto health = client.ask(get("/health"));
  CHECK(health.status == 200);
  CHECK(health.body == R"({"status":"ok"})");
  CHECK(client.ask(get("/v1/models")).body ==
        R"({"object":"list","data":[{"id":"fake","object":"model","created":0,"owned_by":"carpool"}]})");
  CHECK(client.ask(get("/v1/models/fake")).body ==
        R"({"id":"fake","object":"model","created":0,"owned_by":"carpool"})");
  const auto unknown = client.ask(get("/v1/models/nobody"));
  CHECK(unknown.status == 404);
  CHECK(unknown.body.find(R"("code":"model_not_found")") != std::string::npos);
  const auto metrics = client.ask(get("/metrics"));
  CHECK(metrics.field("content-type") == carpool::prometheus_text::content_type);
  CHECK(metric(metrics.body, "carpool_http_connections{state=\"active\"}") == 1);
}

TEST_CASE("H21: health and metrics are answered while the model hangs and the queue is full") {
  test_server server({}, {.max_batch_size = 1, .max_queue_size = 1});
  server.hold_model();
  http_client running(server.port()), waiting(server.port()), other(server.port());
  running.send(quiet_question);
  server.await_run();
  waiting.send(quiet_question);
  await([&] { return server.stats().queued > 0; });
  CHECK(other.ask(quiet_question).status == 429);
  CHECK(other.ask(get("/health")).status == 200);
  CHECK(metric(other.ask(get("/metrics")).body, "carpool_inflight_requests{model=\"fake\"}") == 2);
  server.release_model();
  CHECK(running.receive().body == quiet_answer);
  CHECK(waiting.receive().body == quiet_answer);
}

TEST_CASE("HEAD has no body, OPTIONS and 405 say what is allowed") {
  test_server server;
  http_client client(server.port());
  client.send("HEAD /health HTTP/1.1\r\nHost: test\r\n\r\n");
  const auto head = client.receive(true);
  CHECK(head.status == 200);
  CHECK(head.field("content-length") == "15");
  const auto options = client.ask("OPTIONS /embed HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(options.status == 204);
  CHECK(options.field("allow") == "POST, OPTIONS");
  const auto wrong = client.ask(get("/embed"));
  CHECK(wrong.status == 405);
  CHECK(wrong.field("allow") == "POST, OPTIONS");
}

TEST_CASE("a connection is kept, unless the client asks otherwise or speaks HTTP/1.0") {
  test_server server;
  http_client kept(server.port());
  for (int i = 0; i < 3; ++i) CHECK(kept.ask(get("/health")).status == 200);
  for (const auto* request :
       {"GET /health HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", "GET /health HTTP/1.0\r\n\r\n"}) {
    http_client client(server.port());
    const auto answer = client.ask(request);
    CHECK(answer.field("connection") == "close");
    CHECK(client.closed_by_server());
  }
}

TEST_CASE("a client of HTTP/1.0 that asks to keep its connection is told that it is kept") {
  test_server server;
  http_client client(server.port());
  for (int i = 0; i < 2; ++i)
    CHECK(client.ask("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").field("connection") ==
          "keep-alive");
}

TEST_CASE("a connection ends after its share of requests") {
  test_server server({.requests_per_connection = 2});
  http_client client(server.port());
  CHECK(client.ask(get("/health")).field("connection").empty());
  CHECK(client.ask(get("/health")).field("connection") == "close");
  CHECK(client.closed_by_server());
}

TEST_CASE("more clients than allowed wait for a place") {
  test_server server({.connections = 1});
  http_client first(server.port()), second(server.port());
  CHECK(first.ask(get("/health")).status == 200);
  second.send(get("/health"));
  first.close();
  CHECK(second.receive().status == 200);
}

TEST_CASE("a client that waits for 100 Continue gets it") {
  test_server server;
  http_client client(server.port());
  const std::string body = R"({"text":"hi"})";
  const auto request = post_json("/embed", body, "Expect: 100-continue\r\n");
  CHECK(client.ask(request.substr(0, request.size() - body.size())).status == 100);
  CHECK(client.ask(body).body == quiet_answer);
}

TEST_CASE("H7: instead of 100 Continue a client may be told at once that its body is not wanted") {
  test_server server;
  http_client large(server.port());
  CHECK(
      large.ask("POST /embed HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
          .status == 413);
  CHECK(large.closed_by_server());
  http_client nowhere(server.port());
  CHECK(nowhere.ask("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
            .status == 404);
  CHECK(nowhere.closed_by_server());
  http_client strange(server.port());
  CHECK(strange.ask("POST /embed HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: tea\r\n\r\n").status ==
        417);
  CHECK(strange.closed_by_server());
}

TEST_CASE("the model's failures are the server's, in each family's words") {
  test_server server;
  http_client client(server.port());
  CHECK(client.ask(post_json("/embed", R"({"text":"boom"})")).status == 424);
  CHECK(client.ask(post_json("/v1/embeddings", R"({"input":"boom"})")).status == 500);
  const auto bad = client.ask(post_json("/v1/embeddings", R"({"input":["a","nan"]})"));
  CHECK(bad.status == 500);
  CHECK(bad.body.find("not finite") != std::string::npos);
  CHECK(client.ask(quiet_question).status == 200);
}

TEST_CASE("a request that cannot be answered in its time is told so") {
  test_server server;
  server.hold_model();
  http_client client(server.port());
  CHECK(client.ask(post_json("/v1/embeddings", R"({"input":"a"})", "x-request-timeout-ms: 1\r\n")).status ==
        504);
  CHECK(client.ask(post_json("/embed", R"({"text":"a"})", "x-request-timeout-ms: 0\r\n")).status == 504);
  CHECK(server.stats().expired == 2);
}

TEST_CASE("B13: a request with more texts than there is room for is rejected as a whole") {
  test_server server({}, {.max_batch_size = 1, .max_queue_size = 2});
  server.hold_model();
  http_client running(server.port()), waiting(server.port()), other(server.port());
  running.send(quiet_question);
  server.await_run();
  waiting.send(quiet_question);
  await([&] { return server.stats().queued > 0; });
  const auto rejected = other.ask(post_json("/v1/embeddings", R"({"input":["a","b"]})"));
  CHECK(rejected.status == 429);
  CHECK(rejected.field("retry-after") == "1");
  CHECK(rejected.body.find(R"("code":"rate_limit_exceeded")") != std::string::npos);
  const auto never = other.ask(post_json("/v1/embeddings", R"({"input":["a","b","c"]})"));
  CHECK(never.status == 400);
  CHECK(server.stats().rejected == 2);
  server.release_model();
}

TEST_CASE("requests add up in the metrics at any moment") {
  test_server server({}, {.max_batch_size = 2});
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&server] {
      http_client client(server.port());
      for (int request = 0; request < 25; ++request) {
        client.ask(quiet_question);
        client.ask(post_json("/embed", R"({"text":""})"));
        client.ask(post_json("/embed", R"({"inputs":["boom","a"]})"));
      }
    });
  }
  http_client observer(server.port());
  for (int scrape = 0; scrape < 50; ++scrape) {
    const auto text = observer.ask(get("/metrics")).body;
    double sum = metric(text, "carpool_inflight_requests{model=\"fake\"}");
    for (const std::string outcome :
         {"ok", "invalid", "rejected", "expired", "cancelled", "error", "shutdown"})
      sum += metric(text, "carpool_requests_total{model=\"fake\",outcome=\"" + outcome + "\"}");
    CHECK(sum == metric(text, "carpool_requests_submitted_total{model=\"fake\"}"));
  }
  for (auto& client : clients) client.join();
  const auto text = observer.ask(get("/metrics")).body;
  CHECK(metric(text, "carpool_requests_submitted_total{model=\"fake\"}") == 800);
  CHECK(metric(text, "carpool_requests_total{model=\"fake\",outcome=\"invalid\"}") == 200);
  CHECK(metric(text, "carpool_tokens_total{model=\"fake\"}") == 1400);
}
