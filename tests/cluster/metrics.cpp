// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What gateways and workers tell of the queue and of themselves.

#include "scene.hpp"
#include "set_model.hpp"
#include "support/http_client.hpp"

#include <csignal>
#include <memory>
#include <string>
#include <vector>

using namespace carpool::test;

namespace {

/// The value of a metric, with its labels as they are printed; empty if there is none.
std::string value_of(const std::string& metrics, const std::string& name) {
  const auto at = metrics.find("\n" + name + " ");
  if (at == metrics.npos) return "";
  const auto start = at + name.size() + 2;
  return metrics.substr(start, metrics.find('\n', start) - start);
}

std::string metrics_of(server_process& program) {
  return http_client(program.port()).ask(get("/metrics")).body;
}

std::string shard_metric(const char* name, int shard) {
  return "carpool_cluster_" + std::string(name) + R"({model="toy",shard=")" + std::to_string(shard) + "\"}";
}

void await_metric(server_process& program, const std::string& name, const std::string& value) {
  await([&] { return value_of(metrics_of(program), name) == value; });
}

}  // namespace

TEST_CASE("a gateway tells how much waits in each shard, for how long, who has what, and what is dead") {
  const redis_server redis;
  set_model(redis, "toy", 4);
  redis.ask("SET '{cp:default}:shards' 2");
  redis.ask("XGROUP CREATE '{cp:default}:req' w 0 MKSTREAM");
  redis.ask("XGROUP CREATE '{cp:default:1}:req' w 0 MKSTREAM");
  for (const char* entry : {"1000000000000-0", "1000000000001-0", "1000000000001-1"})  // since 2001
    redis.ask("XADD '{cp:default:1}:req' " + std::string(entry) + " p a");
  redis.ask("XREADGROUP GROUP w worker-a COUNT 1 STREAMS '{cp:default:1}:req' '>'");
  for (int i = 0; i < 3; ++i) redis.ask("XADD '{cp:default:1}:dead' MAXLEN 1 '*' id 1");
  const auto gateway = start_gateway(redis);
  await_metric(*gateway, shard_metric("queue_depth", 1), "2");
  const std::string told = metrics_of(*gateway);
  CHECK(value_of(told, shard_metric("outstanding", 1)) == "3");
  CHECK(std::stod(value_of(told, shard_metric("queue_oldest_age_seconds", 1))) > 6e8);
  CHECK(value_of(told, shard_metric("dead_letters", 1)) == "1");
  CHECK(value_of(told, shard_metric("dead_letters_added_total", 1)) == "3");
  CHECK(value_of(told, shard_metric("dead_letters_added_total", 0)) == "0");
  CHECK(value_of(told, R"(carpool_cluster_held{model="toy",worker="worker-a"})") == "1");
  CHECK(value_of(told, R"(carpool_cluster_shards{model="toy"})") == "2");
  CHECK(value_of(told, shard_metric("queue_depth", 0)) == "0");
  CHECK(value_of(told, shard_metric("outstanding", 0)) == "0");
  CHECK(value_of(told, shard_metric("queue_oldest_age_seconds", 0)) == "0");
  redis.ask("DEL '{cp:default:1}:req'");
  await_metric(*gateway, shard_metric("queue_depth", 1), "0");
}

TEST_CASE("a shard that cannot be asked hides none of the others") {
  const redis_server redis;
  set_model(redis, "toy", 4);
  redis.ask("SET '{cp:default}:shards' 2");
  redis.ask("SET '{cp:default}:req' x");  // which is no stream
  redis.ask("XADD '{cp:default:1}:req' '*' p a");
  const auto gateway = start_gateway(redis);
  await_metric(*gateway, shard_metric("queue_depth", 1), "1");
  CHECK(value_of(metrics_of(*gateway), shard_metric("queue_depth", 0)).empty());
}

TEST_CASE("when Redis is away a gateway tells nothing of the queue, rather than what was") {
  redis_server redis;
  const auto worker = start_worker(redis);
  const auto gateway = start_gateway(redis);
  await_metric(*gateway, shard_metric("queue_depth", 0), "0");
  const std::string present = R"(carpool_cluster_workers_present{model="toy"})";
  await_metric(*gateway, present, "1");
  redis.stop();
  await_metric(*gateway, shard_metric("queue_depth", 0), "");
  await_metric(*gateway, present, "0");
  redis.start();
  await_metric(*gateway, shard_metric("queue_depth", 0), "0");
  await_metric(*gateway, present, "1");
}

TEST_CASE("what a gateway cannot make sense of in Redis has it tell nothing of the queue, too") {
  const redis_server redis;
  set_model(redis, "toy", 4);
  const auto gateway = start_gateway(redis);
  await_metric(*gateway, shard_metric("queue_depth", 0), "0");
  redis.ask("SET '{cp:default}:shards' two");
  await_metric(*gateway, shard_metric("queue_depth", 0), "");
  redis.ask("SET '{cp:default}:shards' 2");
  await_metric(*gateway, shard_metric("queue_depth", 1), "0");
}

TEST_CASE("a worker tells of its batches over HTTP if it is to, and does nothing else there") {
  const redis_server redis;
  const auto silent = start_worker(redis);
  CHECK(silent->log().find("listening on") == std::string::npos);
  end(*silent);
  const auto worker = start_worker(redis, {"--metrics-port", "0"});
  test_gateway gateway(redis.socket());
  const auto texts = many_texts(5);
  CHECK(gateway.submit(texts).get().size() == 5);
  const std::string told = metrics_of(*worker);
  CHECK(value_of(told, R"(carpool_requests_total{model="toy",outcome="ok"})") == "5");
  CHECK(value_of(told, R"(carpool_queue_depth{model="toy"})") == "0");
  http_client client(worker->port());
  CHECK(client.ask(get("/health")).status == 200);
  CHECK(client.ask(get("/dashboard")).status == 200);
  for (const auto& request : {post_json("/embed", R"({"inputs":"a"})"), get("/v1/models"), get("/info"),
                              get("/docs"), post_json("/tokenize", R"({"inputs":"a"})")}) {
    const auto refused = client.ask(request);
    CHECK(refused.status == 404);
    CHECK(refused.body.find("does not come over HTTP") != std::string::npos);
  }
  end(*worker);
}

TEST_CASE("a worker that finishes what it has is not healthy any more, and a port that is taken is named") {
  const redis_server redis;
  held_text held;
  const auto worker = start_worker(redis, {"--metrics-port", "0"});
  server_process other(
      {CARPOOL_TOY_WORKER, "--redis", redis.address(), "--metrics-port", std::to_string(worker->port())});
  CHECK(other.wait() == 1);
  CHECK(other.log().find(std::to_string(worker->port())) != std::string::npos);
  test_gateway gateway(redis.socket());
  auto replies = gateway.submit({held.text()});
  held.await_run();
  worker->signal(SIGHUP);  // which ends nobody
  worker->signal(SIGTERM);
  worker->await_line("finishing what has been taken");
  await([&] { return http_client(worker->port()).ask(get("/health")).status == 503; });
  held.release();
  check_result(replies.get()[0], held.text());
  CHECK(worker->wait() == 0);
}
