// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// A queue in several parts, and how it gets more and fewer of them while it is used.

#include "busy_clients.hpp"
#include "scene.hpp"
#include "set_model.hpp"
#include "support/await.hpp"
#include "support/http_client.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

using namespace carpool::test;

namespace {

std::string key(std::size_t shard, const std::string& what) {
  return "'{cp:default" + (shard == 0 ? "" : ":" + std::to_string(shard)) + "}:" + what + "'";
}

// Texts that a shard has ever had.
long added(const redis_server& redis, std::size_t shard) { return texts_added(redis, key(shard, "req")); }

// Waits until the gateway says so, as README.md has the operator do.
void await_shards_used(server_process& gateway, std::size_t shards) {
  const std::string line = "\ncarpool_cluster_shards{model=\"toy\"} " + std::to_string(shards) + "\n";
  await(
      [&] { return http_client(gateway.port()).ask(get("/metrics")).body.find(line) != std::string::npos; });
}

std::string name_of(const server_process& worker) {
  const std::string log = worker.log();
  const auto begin = log.find("worker-");
  REQUIRE(begin != log.npos);
  return log.substr(begin, log.find(' ', begin) - begin);
}

void check_all_empty(const redis_server& redis, std::size_t from = 0, std::size_t end = 4) {
  for (std::size_t shard = from; shard < end; ++shard) {
    INFO("shard ", shard);
    await([&] { return redis.ask("XLEN " + key(shard, "req")) == "0"; });
    CHECK(redis.ask("XPENDING " + key(shard, "req") + " w").starts_with("0"));
    CHECK(redis.ask("XLEN " + key(shard, "dead")) == "0");
  }
}

}  // namespace

TEST_CASE("Q11: shards are added while two gateways and three workers are busy, and every text is answered") {
  const redis_server redis;
  const auto first = start_worker(redis), second = start_worker(redis);
  const auto one = start_gateway(redis), other = start_gateway(redis);
  busy_clients here(*one), there(*other);
  here.await_more(20);
  CHECK(redis.ask("EXISTS " + key(0, "shards")) == "0");
  const auto third = start_worker(redis, {"--shards", "4"});
  for (const auto* each : {&one, &other, &first, &second})
    (*each)->await_line("shards of the queue default from now on: 4");
  here.await_more(50);
  there.await_more(50);
  third->signal(SIGKILL);  // the others have learnt of the shards
  here.await_more(50);
  const auto fourth = start_worker(redis);  // learns of them, too
  CHECK(fourth->log().find("default, 4 shards") != std::string::npos);
  here.await_more(20);
  there.await_more(20);
  CHECK(here.stop() == 0);
  CHECK(there.stop() == 0);
  for (std::size_t shard = 0; shard < 4; ++shard) CHECK(added(redis, shard) > 0);
  check_all_empty(redis);
  for (const auto* each : {&first, &second, &fourth}) {
    end(**each);
    for (std::size_t shard = 0; shard < 4; ++shard)
      CHECK(redis.ask("XINFO CONSUMERS " + key(shard, "req") + " w").find(name_of(**each)) ==
            std::string::npos);
  }
}

TEST_CASE("Q11: a queue gets fewer shards in the steps that README.md has, and every text is answered") {
  const redis_server redis;
  const auto before = start_worker(redis, {"--shards", "4"});
  const auto gateway = start_gateway(redis);
  busy_clients clients(*gateway);
  clients.await_more(20);
  const auto after = start_worker(redis, {"--shards", "1"});
  end(*before);
  redis.ask("SET " + key(0, "shards") + " 1");
  await_shards_used(*gateway, 1);
  check_all_empty(redis, 1);
  clients.await_more(20);  // which takes longer than what was on its way to Redis
  check_all_empty(redis, 1);
  const long last = added(redis, 3);
  const auto last_one = start_worker(redis);
  end(*after);
  clients.await_more(20);
  CHECK(clients.stop() == 0);
  CHECK(last > 0);
  CHECK(added(redis, 3) == last);
  CHECK(last_one->log().find("shards") == std::string::npos);
}

TEST_CASE("who takes shards away before the workers have fewer --shards is told why they are back") {
  const redis_server redis;
  const auto worker = start_worker(redis, {"--shards", "4"});
  redis.ask("SET " + key(0, "shards") + " 2");
  worker->await_line("{cp:default}:shards said 2; it says 4 again, because of this worker's --shards");
  CHECK(redis.ask("GET " + key(0, "shards")) == "4");
}

TEST_CASE("what a worker held of any shard when it was killed is run by another one, once") {
  const redis_server redis;
  const auto victim = start_worker(redis, {"--shards", "3"});
  const auto gateway = start_gateway(redis);
  held_text held;  // so that the victim finishes nothing
  http_client first(gateway->port());
  first.send(post_json("/embed", R"({"inputs":")" + held.text() + R"("})"));
  held.await_run();
  std::vector<std::unique_ptr<http_client>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<http_client>(gateway->port()));
    clients.back()->send(post_json("/embed", R"({"inputs":"a"})"));
  }
  for (std::size_t shard = 0; shard < 3; ++shard)
    await([&] { return !redis.ask("XPENDING " + key(shard, "req") + " w").starts_with("0"); });
  victim->signal(SIGKILL);
  held.release();
  const auto heir = start_worker(redis);
  for (const auto& each : clients) CHECK(each->receive().body == "[[1,97,97,1]]");
  CHECK(first.receive().status == 200);
  check_all_empty(redis, 0, 3);
  end(*heir);
}

TEST_CASE("how much may be outstanding holds for each shard by itself") {
  const redis_server redis;
  set_model(redis, "toy", 4);
  redis.ask("SET " + key(0, "shards") + " 2");
  const auto gateway = start_gateway(redis, {"--max-outstanding", "1"});
  const std::string request = post_json("/embed", R"({"inputs":"a"})");
  http_client first(gateway->port()), second(gateway->port()), third(gateway->port());
  first.send(request);
  await([&] { return redis.ask("XLEN " + key(0, "req")) == "1"; });
  second.send(request);
  await([&] { return redis.ask("XLEN " + key(1, "req")) == "1"; });
  CHECK(third.ask(request).status == 429);
}

TEST_CASE("the texts of a client with a key are all in one shard") {
  const redis_server redis;
  const temporary_folder folder;
  const auto keys = folder.write("keys", "alice 0123456789abcdef\n");
  const auto worker = start_worker(redis, {"--shards", "4"});
  const auto gateway = start_gateway(redis, {"--api-keys", keys.string()});
  http_client alice(gateway->port());
  for (int i = 0; i < 8; ++i) {
    const std::string request = post_json("/embed", R"({"inputs":"a"})", "x-api-key: 0123456789abcdef\r\n");
    CHECK(alice.ask(request).status == 200);
  }
  long most = 0;
  for (std::size_t shard = 0; shard < 4; ++shard) most = std::max(most, added(redis, shard));
  CHECK(most == 8);
}

TEST_CASE("a number of shards in Redis that is none is named, and with it the key") {
  const redis_server redis;
  for (const std::string told : {"1000", "two", "0", "-3"}) {
    redis.ask("SET " + key(0, "shards") + " " + told);
    server_process worker({CARPOOL_TOY_WORKER, "--redis", redis.address(), "--shards", "4"});
    CHECK(worker.wait() == 1);
    CHECK(worker.log().find("the key {cp:default}:shards in Redis says " + told +
                            "; a queue has 1 to 64 shards") != std::string::npos);
    CHECK(redis.ask("GET " + key(0, "shards")) == told);
  }
}
