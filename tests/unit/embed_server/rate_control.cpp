// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/rate_control.hpp"

#include "embed_server/api_error.hpp"
#include "support/await.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/refusal_of.hpp"
#include "support/temporary_folder.hpp"
#include "test_server.hpp"

#include <string>

using namespace embed_server;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

constexpr carpool::time_point start{1000s};

limits with_rates(rate_limits rates) { return {.rates = rates}; }

}  // namespace

TEST_CASE("a client that has used up its requests is told when the next one is let in") {
  rate_control rates;
  const api_client client{1, "alice", {.requests = 2, .tokens = {}}};
  rates.count_request(client, start);
  rates.count_request(client, start);
  const auto error = refusal_of([&] { rates.count_request(client, start); });
  CHECK(error.kind() == problem::rate_limited);
  CHECK(error.retry_after() == 30s);
  CHECK(std::string(error.what()) == "more than the 2 requests per minute that are allowed, retry in 30s");
  CHECK_NOTHROW(rates.count_request(client, start + 30s));
}

TEST_CASE("the tokens of a list are granted all or none") {
  rate_control rates;
  const api_client client{1, "alice", {.requests = {}, .tokens = 60}};
  rates.count_tokens(client, 50, start);
  CHECK(refusal_of([&] { rates.count_tokens(client, 20, start); }).retry_after() == 10s);
  CHECK_NOTHROW(rates.count_tokens(client, 10, start));
}

TEST_CASE("more tokens than a minute has are refused for good") {
  rate_control rates;
  const api_client client{1, "alice", {.requests = {}, .tokens = 60}};
  const auto error = refusal_of([&] { rates.count_tokens(client, 61, start); });
  CHECK(error.kind() == problem::invalid);
  CHECK(std::string(error.what()).find("61 tokens, but no more than 60") != std::string::npos);
}

TEST_CASE("without limits nothing is counted or told") {
  rate_control rates;
  response answer;
  for (int i = 0; i < 100; ++i) rates.count_request({}, start);
  rates.count_tokens({}, 1'000'000, start);
  rates.tell(answer, {}, start);
  CHECK(answer.begin() == answer.end());
}

TEST_CASE("OpenAI's headers tell limit, rest and reset") {
  rate_control rates;
  const api_client client{1, "alice", {.requests = 60, .tokens = 600}};
  rates.count_request(client, start);
  rates.count_tokens(client, 450, start);
  response answer;
  rates.tell(answer, client, start);
  CHECK(answer["x-ratelimit-limit-requests"] == "60");
  CHECK(answer["x-ratelimit-remaining-requests"] == "59");
  CHECK(answer["x-ratelimit-reset-requests"] == "1s");
  CHECK(answer["x-ratelimit-limit-tokens"] == "600");
  CHECK(answer["x-ratelimit-remaining-tokens"] == "150");
  CHECK(answer["x-ratelimit-reset-tokens"] == "45s");
}

TEST_CASE("times are written as OpenAI writes them") {
  CHECK(short_duration(0ns) == "0ms");
  CHECK(short_duration(1ns) == "1ms");
  CHECK(short_duration(20ms) == "20ms");
  CHECK(short_duration(1500ms) == "1.5s");
  CHECK(short_duration(59'999ms) == "59.999s");
  CHECK(short_duration(360s) == "6m0s");
  CHECK(short_duration(61'500ms) == "1m1.5s");
}

TEST_CASE("each family's clients are told of a limit in their words") {
  test_server server(with_rates({.requests = 1, .tokens = {}}));
  http_client client(server.port());
  const auto first = client.ask(post_json("/v1/embeddings", R"({"input":"hi"})"));
  CHECK(first.status == 200);
  CHECK(first.field("x-ratelimit-remaining-requests") == "0");
  const auto second = http_client(server.port()).ask(post_json("/v1/embeddings", R"({"input":"hi"})"));
  CHECK(second.status == 429);
  CHECK(std::stoi(second.field("retry-after")) > 50);
  CHECK(second.field("x-ratelimit-limit-requests") == "1");
  CHECK(second.body.find(R"("code":"rate_limit_exceeded")") != std::string::npos);
  const auto tei = http_client(server.port()).ask(post_json("/embed", R"({"inputs":"hi"})"));
  CHECK(tei.status == 429);
  CHECK(tei.body.find(R"("error_type":"Overloaded")") != std::string::npos);
  CHECK(tei.field("x-ratelimit-limit-requests").empty());
  CHECK(http_client(server.port()).ask(post_json("/v2/models/fake/infer", "{}")).status == 429);
  CHECK(http_client(server.port()).ask(get("/health")).status == 200);
}

TEST_CASE("a list with more tokens than are left is refused whole, and does not reach the model") {
  test_server server(with_rates({.requests = {}, .tokens = 5}));
  http_client client(server.port());
  CHECK(client.ask(post_json("/embed", R"({"inputs":"abc"})")).status == 200);
  const auto refused = client.ask(post_json("/embed", R"({"inputs":["a","b","c"]})"));
  CHECK(refused.status == 429);
  CHECK(refused.field("retry-after") == "12");
  CHECK(client.ask(post_json("/embed", R"({"inputs":["a","b"]})")).status == 200);
  CHECK(client.ask(post_json("/embed", R"({"inputs":"abcdef"})")).status == 422);
  CHECK(server.stats().submitted == 3);
}

TEST_CASE("tokens for which the queue has no room are not used up") {
  test_server server(with_rates({.requests = {}, .tokens = 1000}),
                     {.max_batch_size = 1, .max_queue_size = 1});
  server.hold_model();
  http_client running(server.port()), waiting(server.port()), other(server.port());
  running.send(post_json("/embed", R"({"inputs":"a"})"));
  server.await_run();
  waiting.send(post_json("/embed", R"({"inputs":"a"})"));
  await([&] { return server.stats().queued > 0; });
  const auto large = post_json("/embed", R"({"inputs":")" + std::string(900, 'x') + "\"}");
  CHECK(other.ask(large).status == 429);
  server.release_model();
  CHECK(running.receive().status == 200);
  CHECK(waiting.receive().status == 200);
  CHECK(other.ask(large).status == 200);
}

TEST_CASE("a key's own limit goes before the default, and its level outlives a reload of the keys") {
  const temporary_folder folder;
  const std::string alice = "alice-0123456789", bob = "bob-0123456789abc";
  const auto keys = "alice " + alice + " requests_per_minute=2\n";
  test_server server(with_rates({.requests = 1, .tokens = {}}));
  server.set_keys(folder.write("keys", keys + "bob " + bob + "\n"));
  const auto status = [&](const std::string& key) {
    return http_client(server.port())
        .ask(post_json("/embed", R"({"text":"hi"})", "x-api-key: " + key + "\r\n"))
        .status;
  };
  CHECK(status(bob) == 200);
  CHECK(status(bob) == 429);
  CHECK(status(alice) == 200);
  server.set_keys(folder.write("keys", keys));
  server.set_keys(folder.write("keys", keys + "bob " + bob + "\n"));
  CHECK(status(alice) == 200);
  CHECK(status(alice) == 429);
  CHECK(status(bob) == 200);  // who has been away begins anew
}
