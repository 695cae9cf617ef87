// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// How programs get to know Redis, and each other.

#include "free_port.hpp"
#include "scene.hpp"
#include "support/certificate.hpp"
#include "support/http_client.hpp"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <string>
#include <vector>

using namespace carpool::test;

TEST_CASE("a worker of another model is refused, with both models named") {
  const redis_server redis;
  const auto worker = start_worker(redis);
  server_process other({CARPOOL_TOY_WORKER, "--redis", redis.address(), "--name", "another"});
  CHECK(other.wait() == 1);
  CHECK(other.log().find("run another model") != std::string::npos);
  CHECK(other.log().find("\"toy\"") != std::string::npos);
  CHECK(other.log().find("\"another\"") != std::string::npos);
}

TEST_CASE("a worker that learns that the queue runs another model now finishes and fails") {
  const redis_server redis;
  const auto worker = start_worker(redis);
  redis.ask("SET '{cp:default}:model' another");
  CHECK(worker->wait() == 1);
  CHECK(worker->log().find("now run another model, another") != std::string::npos);
  CHECK(redis.ask("XINFO CONSUMERS '{cp:default}:req' w").empty());
}

TEST_CASE("--check says what is wrong with a Redis, in sentences") {
  const redis_server redis({"--maxmemory-policy", "allkeys-lru", "--appendonly", "no"});
  server_process check({CARPOOL_TOY_WORKER, "--redis", redis.address(), "--check"});
  CHECK(check.wait() == 1);
  CHECK(check.log().find("maxmemory-policy is allkeys-lru") != std::string::npos);
  CHECK(check.log().find("keeps nothing on disk") != std::string::npos);
}

TEST_CASE("Q4: --check sends a text there and back, leaves nothing of it, and says why that does not work") {
  const redis_server redis({"--maxmemory", "100mb"});
  const std::string key = "'{cp:default}:req'";
  const std::vector<std::vector<std::string>> refusals{
      {"REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "READONLY"},
      {"CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0", "NOREPLICAS"},
      {"CONFIG SET maxmemory 1", "CONFIG SET maxmemory 100mb", "OOM"},
      {"ACL SETUSER default -xreadgroup", "ACL SETUSER default +@all", "'xreadgroup'"},
      {"ACL SETUSER default -xclaim", "ACL SETUSER default +@all", "'xclaim'"},
      {"ACL SETUSER default -xack", "ACL SETUSER default +@all", "can't run this command"},
      {"ACL SETUSER default resetkeys '~other'", "ACL SETUSER default allkeys", "NOPERM"},
      {"SET " + key + " x", "DEL " + key, "(keys: {cp:default}:req {cp:default}:dead)"}};
  const auto check = [&] {
    server_process checking({CARPOOL_TOY_WORKER, "--redis", redis.address(), "--check"});
    checking.wait();
    return checking.log();
  };
  for (const auto& each : refusals) {
    redis.ask(each[0]);
    const std::string log = check();
    redis.ask(each[1]);
    INFO(each[0], ": ", log);
    CHECK(log.find("does not get through Redis and back as things are: ") != log.npos);
    CHECK(log.find(each[2]) != log.npos);
  }
  CHECK(check() == "Redis is set up well.\n");
  await([&] { return redis.ask("DBSIZE") == "0"; });
}

TEST_CASE("Q4: a worker that starts while Redis takes nothing for want of replicas waits for it") {
  const redis_server redis({"--min-replicas-to-write", "1"});
  server_process worker({CARPOOL_TOY_WORKER, "--redis", redis.address()});
  worker.await_line("NOREPLICAS");
  redis.ask("CONFIG SET min-replicas-to-write 0");
  worker.await_line("takes texts from the queue");
}

TEST_CASE("a user of Redis' access control lists needs no more than README.md says") {
  const redis_server redis;
  const temporary_folder folder;
  const auto password = folder.write("password", "secret\n");
  std::ifstream readme(CARPOOL_CLUSTER_README);
  const std::string text{std::istreambuf_iterator<char>{readme}, {}};
  const auto at = text.find("ACL SETUSER carpool on >PASSWORD ");
  REQUIRE(at != text.npos);
  const auto rights = text.substr(at + 33, text.find('`', at) - at - 33);
  redis.ask("ACL SETUSER carpool on '>secret' " + std::regex_replace(rights, std::regex{"(\\S+)"}, "'$1'"));
  const std::vector<std::string> user{"--redis-user", "carpool", "--redis-password-file", password.string()};
  const auto worker = start_worker(redis, user);
  test_gateway gateway(redis.socket());  // as the default user
  check_result(gateway.submit({"good"}).get()[0], "good");
  std::vector<std::string> check{CARPOOL_TOY_WORKER, "--redis", redis.address(), "--check"};
  check.insert(check.end(), user.begin(), user.end());
  server_process checking(check);
  checking.wait();
  CHECK(checking.log().find("may not read") == std::string::npos);
  CHECK(checking.log().find("does not get through") == std::string::npos);
  CHECK(checking.log().find("maxmemory is 0") != std::string::npos);
  const auto http = std::make_unique<server_process>(std::vector<std::string>{
      CARPOOL_GATEWAY, "--port", "0", "--redis", redis.address(), user[0], user[1], user[2], user[3]});
  CHECK(http_client(http->port()).ask(post_json("/embed", R"({"inputs":"good"})")).status == 200);
  server_process stranger({CARPOOL_TOY_WORKER, "--redis", redis.address(), "--redis-user", "nobody",
                           "--redis-password-file", password.string()});
  stranger.await_line("Redis did not answer");
  CHECK(stranger.log().find("WRONGPASS") != std::string::npos);
}

TEST_CASE("Q4: when the password changes, in Redis and in its file, nothing has to be restarted") {
  const redis_server redis;
  const temporary_folder folder;
  const auto password = folder.write("password", "before\n");
  redis.ask("ACL SETUSER carpool on '>before' allkeys +@all");
  const auto worker =
      start_worker(redis, {"--redis-user", "carpool", "--redis-password-file", password.string()});
  test_gateway gateway(
      {.unix_socket = redis.socket(), .user = "carpool", .password_file = password.string()});
  check_result(gateway.submit({"before"}).get()[0], "before");
  redis.ask("ACL SETUSER carpool resetpass '>after'");
  redis.ask("CLIENT KILL USER carpool");
  worker->await_line("WRONGPASS");
  folder.write("password", "after\n");
  await_recovery(gateway);
}

TEST_CASE("Redis may speak TLS, if an authority that is trusted vouches for it") {
  const temporary_folder folder;
  const auto made = make_certificate("localhost");
  const auto chain = folder.write("chain.pem", made.chain), key = folder.write("key.pem", made.key);
  const std::string port = std::to_string(free_port());
  const redis_server redis({"--tls-port", port, "--tls-cert-file", chain.string(), "--tls-key-file",
                            key.string(), "--tls-ca-cert-file", chain.string(), "--tls-auth-clients", "no"});
  std::vector<std::string> command{CARPOOL_TOY_WORKER, "--redis", "localhost:" + port, "--redis-tls"};
  server_process doubting(command);
  doubting.await_line("Redis did not answer");
  command.insert(command.end(), {"--redis-tls-ca", chain.string()});
  server_process trusting(command);
  trusting.await_line("takes texts from the queue");
  test_gateway gateway(redis.socket());
  check_result(gateway.submit({"good"}).get()[0], "good");
  end(trusting);
}

TEST_CASE("an option with an empty text, as of a variable that is not set, is refused by name") {
  for (const char* option : {"--redis-tls-ca", "--redis-user", "--redis-password-file", "--tokenizer"}) {
    server_process gateway({CARPOOL_GATEWAY, "--redis-tls", "--check", option, ""});
    CHECK(gateway.wait() != 0);
    CHECK(gateway.log().find(option + std::string(": must not be empty")) != std::string::npos);
  }
}
