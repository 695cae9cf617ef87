// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The real gateway over HTTP, with a real Redis and workers around a toy model.

#include "scene.hpp"
#include "set_model.hpp"
#include "support/await.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/redis_server.hpp"
#include "support/server_process.hpp"
#include "support/temporary_folder.hpp"

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

using namespace carpool::test;

namespace {

http_answer ask(server_process& gateway, const std::string& request) {
  return http_client(gateway.port()).ask(request);
}

std::string embed(const std::string& inputs) { return post_json("/embed", R"({"inputs":)" + inputs + "}"); }

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("every protocol of the server works through the queue") {
  const redis_server redis;
  const auto worker = start_worker(redis), gateway = start_gateway(redis);
  CHECK(ask(*gateway, embed(R"(["ab","c"])")).body == "[[2,97,98,1],[1,99,99,1]]");
  const auto openai = ask(*gateway, post_json("/v1/embeddings", R"({"model":"any","input":"abc"})"));
  CHECK(openai.status == 200);
  CHECK(contains(openai.body, R"("embedding":[3,97,99,1])"));
  CHECK(contains(openai.body, R"("prompt_tokens":3)"));
  CHECK(contains(ask(*gateway, get("/info")).body, R"("model_id":"toy")"));
  CHECK(ask(*gateway, get("/health")).status == 200);
  CHECK(contains(ask(*gateway, get("/metrics")).body,
                 R"(carpool_cluster_unwanted_replies_total{model="toy"} 0)"));
}

TEST_CASE("failures of workers are told as the server itself tells them") {
  const redis_server redis;
  const auto worker = start_worker(redis), gateway = start_gateway(redis);
  CHECK(ask(*gateway, embed(R"("boom")")).status == 424);
  CHECK(ask(*gateway, post_json("/v1/embeddings", R"({"input":"boom"})")).status == 500);
  const std::string long_text(2000, 'x');
  const auto refused =
      ask(*gateway, post_json("/embed", R"({"inputs":["a",")" + long_text + R"("],"truncate":false})"));
  CHECK(refused.status == 422);
  CHECK(contains(refused.body, "inputs[1]: "));
}

TEST_CASE("a full queue is 429, and 503 for those who speak the Open Inference Protocol") {
  const redis_server redis;
  auto worker = start_worker(redis);
  const auto gateway = start_gateway(redis, {"--max-outstanding", "2"});
  worker->signal(SIGSTOP);
  http_client first(gateway->port());
  first.send(embed(R"(["a","b"])"));
  await([&] { return redis.ask("XLEN '{cp:default}:req'") == "2"; });
  const auto refused = ask(*gateway, embed(R"("c")"));
  CHECK(refused.status == 429);
  CHECK(refused.field("retry-after") == "1");
  const auto inference = ask(
      *gateway, post_json("/v2/models/toy/infer",
                          R"({"inputs":[{"name":"TEXT","shape":[1,1],"datatype":"BYTES","data":["c"]}]})"));
  CHECK(inference.status == 503);
  worker->signal(SIGCONT);
  CHECK(first.receive().status == 200);
}

TEST_CASE("a gateway refuses texts when the workers run another model than it has told its clients") {
  const redis_server redis;
  set_model(redis, "first", 4);
  const auto gateway = start_gateway(redis);
  set_model(redis, "second", 4);
  http_answer refused;
  await([&] {
    refused = ask(*gateway, post_json("/embed", R"({"inputs":"a"})", "x-request-timeout-ms: 50\r\n"));
    return refused.status == 503;
  });
  CHECK(contains(refused.body, "the workers run another model now"));
}

TEST_CASE("token vectors that would be too much for Redis are refused before they are computed") {
  const redis_server redis;
  set_model(redis, "huge", 30'000'000);
  const auto gateway = start_gateway(redis);
  const auto refused = ask(*gateway, post_json("/embed_all", R"({"inputs":"a"})"));
  CHECK(refused.status == 422);
  CHECK(contains(refused.body, "send fewer or shorter texts"));
  CHECK(redis.ask("XLEN '{cp:default}:req'") == "0");
}

TEST_CASE("a gateway with the model's folder tells tokens, and without it says that it cannot") {
  const redis_server redis;
  set_model(redis, "minilm", 384);
  const auto gateway = start_gateway(redis, {"--tokenizer", CARPOOL_TEST_MINILM});
  const auto tokens = ask(*gateway, post_json("/tokenize", R"({"inputs":"share the ride"})"));
  CHECK(tokens.status == 200);
  for (const char* id : {R"("id":101)", R"("id":3745)", R"("id":1996)", R"("id":4536)", R"("id":102)"})
    CHECK(contains(tokens.body, id));
  CHECK(ask(*gateway, post_json("/decode", R"({"ids":[101,3745,1996,4536,102]})")).body ==
        R"(["share the ride"])");
  const auto without = start_gateway(redis);
  CHECK(ask(*without, post_json("/tokenize", R"({"inputs":"share the ride"})")).status == 501);
}

TEST_CASE("a gateway with the folder of another model than the workers' ends, and says so") {
  const redis_server redis;
  set_model(redis, "toy", 4);
  server_process gateway(
      {CARPOOL_GATEWAY, "--port", "0", "--redis", redis.address(), "--tokenizer", CARPOOL_TEST_MINILM});
  CHECK(gateway.wait() == 1);
  CHECK(contains(gateway.log(),
                 "--tokenizer: that folder's model has 384 dimensions, but toy, which the "
                 "workers run, has 4"));
  server_process lost(
      {CARPOOL_GATEWAY, "--port", "0", "--redis", redis.address(), "--tokenizer", "/nowhere"});
  CHECK(lost.wait() == 1);
  CHECK(contains(lost.log(), "/nowhere"));
}

TEST_CASE("a deadline that passes in the queue is 504") {
  const redis_server redis;
  const auto worker = start_worker(redis), gateway = start_gateway(redis);
  worker->signal(SIGSTOP);
  CHECK(ask(*gateway, post_json("/embed", R"({"inputs":"a"})", "x-request-timeout-ms: 50\r\n")).status ==
        504);
  worker->signal(SIGCONT);
}

TEST_CASE("Q4: without Redis requests are 503 with Retry-After, and with it again they are answered") {
  redis_server redis;
  const auto worker = start_worker(redis), gateway = start_gateway(redis);
  CHECK(ask(*gateway, embed(R"("a")")).status == 200);
  redis.stop();
  for (int i = 0; i < 3; ++i) {
    const auto refused = ask(*gateway, embed(R"("a")"));
    CHECK(refused.status == 503);
    CHECK_FALSE(refused.field("retry-after").empty());
  }
  CHECK(ask(*gateway, get("/health")).status == 503);
  redis.start();
  await([&] { return ask(*gateway, embed(R"("a")")).status == 200; });
}

TEST_CASE("Q4: why the queue takes no texts is told to every caller, and to the log once") {
  const redis_server redis;
  const auto worker = start_worker(redis), gateway = start_gateway(redis);
  redis.ask("CONFIG SET min-replicas-to-write 1");
  for (int i = 0; i < 5; ++i) {
    const auto refused = ask(*gateway, embed(R"("a")"));
    CHECK(refused.status == 503);
    CHECK(contains(refused.body, "NOREPLICAS"));
  }
  gateway->await_line("NOREPLICAS");
  const std::string log = gateway->log();
  CHECK(log.find("NOREPLICAS") == log.rfind("NOREPLICAS"));
  redis.ask("CONFIG SET min-replicas-to-write 0");
  const auto other = start_gateway(redis);
  redis.ask("CONFIG SET maxmemory 1");
  CHECK(contains(ask(*other, embed(R"("a")")).body, "OOM"));
  other->await_line("{cp:default}:req takes no texts: Redis, which holds the queue, takes nothing: OOM");
}

TEST_CASE("SIGTERM has a gateway answer what has arrived, and end well") {
  const redis_server redis;
  const auto worker = start_worker(redis), gateway = start_gateway(redis);
  worker->signal(SIGSTOP);
  http_client client(gateway->port());
  client.send(embed(R"("a")"));
  await([&] { return redis.ask("XLEN '{cp:default}:req'") == "1"; });
  gateway->signal(SIGTERM);
  gateway->await_line("finishing what has arrived");
  worker->signal(SIGCONT);
  CHECK(client.receive().status == 200);
  CHECK(gateway->wait() == 0);
}

TEST_CASE("a gateway without workers waits for the first one, and can be stopped meanwhile") {
  const redis_server redis;
  const temporary_folder folder;
  server_process gateway({CARPOOL_GATEWAY, "--port", "0", "--redis", redis.address(), "--access-log",
                          (folder.path() / "log").string()});
  gateway.await_line("waiting for the first worker");
  gateway.signal(SIGHUP);
  gateway.await_line("opened the access log");
  const auto worker = start_worker(redis);
  CHECK(ask(gateway, embed(R"("a")")).status == 200);
  const redis_server empty;
  server_process other({CARPOOL_GATEWAY, "--port", "0", "--redis", empty.address()});
  other.await_line("waiting for the first worker");
  other.signal(SIGTERM);
  CHECK(other.wait() == 0);
}

TEST_CASE("SIGHUP ends no gateway, also where it has nothing to read again") {
  const redis_server redis;
  const auto worker = start_worker(redis), gateway = start_gateway(redis);
  gateway->signal(SIGHUP);
  CHECK(ask(*gateway, embed(R"("a")")).status == 200);
  end(*gateway);
}
