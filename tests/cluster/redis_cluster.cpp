// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// A queue whose shards are on several servers.

#include "redis_cluster.hpp"

#include "busy_clients.hpp"
#include "scene.hpp"
#include "support/await.hpp"
#include "support/certificate.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

using namespace carpool::test;

namespace {

constexpr std::size_t shards = 6;

std::string requests(std::size_t shard) {
  return "'{cp:default" + (shard == 0 ? "" : ":" + std::to_string(shard)) + "}:req'";
}

// Requests of no client in particular go to the shards by turns.
bool all_shards_answer(server_process& gateway) {
  for (std::size_t i = 0; i < shards; ++i)
    if (http_client(gateway.port()).ask(post_json("/embed", R"({"inputs":"a"})")).status != 200) return false;
  return true;
}

}  // namespace

TEST_CASE(
    "Q12: the shards of a queue are on several servers of a Redis Cluster, and every text is answered") {
  const redis_cluster redis;
  std::set<std::size_t> owners;
  for (std::size_t shard = 0; shard < shards; ++shard) owners.insert(redis.owner(requests(shard)));
  REQUIRE(owners.size() == redis_cluster::masters);
  const auto worker = start_worker(redis, {"--shards", std::to_string(shards)}), other = start_worker(redis);
  const auto gateway = start_gateway(redis);
  busy_clients clients(*gateway);
  clients.await_more(100);
  CHECK(clients.stop() == 0);
  for (std::size_t shard = 0; shard < shards; ++shard) {
    const std::string stream = redis.ask(redis.owner(requests(shard)), "XINFO STREAM " + requests(shard));
    INFO("shard ", shard, ": ", stream);
    CHECK(stream.find("entries-added\n0") == std::string::npos);
    CHECK(redis.ask(redis.owner(requests(shard)), "XLEN " + requests(shard)) == "0");
  }
}

TEST_CASE("Q12: servers of a Redis Cluster that speak TLS send clients to each other by name") {
  const temporary_folder folder;
  const auto made = make_certificate("localhost");
  const certificate_files files{folder.write("chain.pem", made.chain), folder.write("key.pem", made.key)};
  const redis_cluster redis{std::chrono::seconds{1}, files};
  std::size_t shard = 0;
  while (redis.owner(requests(shard)) == 0) ++shard;  // the first server is the one that all are told of
  REQUIRE(redis.ask(0, "XLEN " + requests(shard)).find(" localhost:") != std::string::npos);
  const std::vector<std::string> tls{"--redis-tls", "--redis-tls-ca", files.chain.string()};
  auto with_shards = tls;
  with_shards.insert(with_shards.end(), {"--shards", std::to_string(shards)});
  const auto worker = start_worker(redis, with_shards);
  const auto gateway = start_gateway(redis, tls);
  await([&] { return all_shards_answer(*gateway); });
  // By an address that the certificate does not have they are not believed.
  for (std::size_t i = 0; i < redis.servers(); ++i)
    REQUIRE(redis.ask(i, "CONFIG SET cluster-preferred-endpoint-type ip") == "OK");
  std::string queue = "q";
  while (redis.owner("'{cp:" + queue + "}:model'") == 0) queue += 'q';
  std::vector<std::string> command{CARPOOL_TOY_WORKER, "--redis", redis.address(), "--queue", queue};
  command.insert(command.end(), tls.begin(), tls.end());
  server_process doubting{command};
  doubting.await_line("Redis did not answer");
}

TEST_CASE(
    "Q12: when a server of a Redis Cluster dies, its replica takes its place, and nothing is restarted") {
  redis_cluster redis;
  std::size_t shard = 0;
  while (redis.owner(requests(shard)) == 0) ++shard;  // the first server is the one that all are told of
  const std::size_t victim = redis.owner(requests(shard));
  redis.add_replica(victim);
  const auto worker = start_worker(redis, {"--shards", std::to_string(shards)});
  const auto gateway = start_gateway(redis);
  await([&] { return all_shards_answer(*gateway); });
  redis.kill(victim);
  await([&] { return !all_shards_answer(*gateway); });
  await([&] { return all_shards_answer(*gateway); });
  busy_clients clients(*gateway);
  clients.await_more(50);
  CHECK(clients.stop() == 0);
}

TEST_CASE("Q12: who leaves while a shard moves to another server leaves no text behind when it has moved") {
  const redis_cluster redis;
  const std::size_t from = redis.owner(requests(0)), to = (from + 1) % redis_cluster::masters;
  const std::string from_id = redis.ask(from, "CLUSTER MYID"), to_id = redis.ask(to, "CLUSTER MYID");
  const std::string set_slot = "CLUSTER SETSLOT " + redis.ask(0, "CLUSTER KEYSLOT " + requests(0));
  test_gateway gateway(cluster::redis_settings{.port = std::to_string(redis.client_port(0))});
  boost::asio::cancellation_signal leaving;
  auto left = gateway.submit({"one", "two"}, std::chrono::minutes{1}, leaving.slot());
  await([&] { return redis.ask(from, "XLEN " + requests(0)) == "2"; });
  REQUIRE(redis.ask(to, set_slot + " IMPORTING " + from_id) == "OK");
  REQUIRE(redis.ask(from, set_slot + " MIGRATING " + to_id) == "OK");
  REQUIRE(redis.ask(from, "MIGRATE 127.0.0.1 " + std::to_string(redis.client_port(to)) + " " + requests(0) +
                              " 0 10000") == "OK");
  gateway.ask([&](const cluster::remote_queue&) {
    leaving.emit(boost::asio::cancellation_type::terminal);
    return 0;
  });
  CHECK(error_of(std::move(left)) == boost::asio::error::operation_aborted);
  CHECK_THROWS_AS(gateway.submit({"refused"}).get(), cluster::redis_unavailable);  // asked after the others
  REQUIRE(redis.ask(to, set_slot + " NODE " + to_id) == "OK");
  REQUIRE(redis.ask(from, set_slot + " NODE " + to_id) == "OK");
  await([&] { return redis.ask(to, "XLEN " + requests(0)) == "0"; });
}
