// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Who belongs to the group of a queue's workers, in a real Redis.

#include "cluster/redis_source.hpp"
#include "scene.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <string>

using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

// Something that a worker of that name does.
template <class Operation>
void as_worker(const redis_server& redis, const std::string& consumer, Operation operation) {
  boost::asio::io_context io;
  cluster::redis_source source{io.get_executor(),
                               {.unix_socket = redis.socket()},
                               cluster::queue_keys{"default"},
                               consumer,
                               cluster::lease{}};
  boost::asio::co_spawn(io, operation(source), [&](std::exception_ptr failed) {
    CHECK_FALSE(failed);
    io.stop();
  });
  io.run();
}

void leave(const redis_server& redis, const std::string& consumer) {
  as_worker(redis, consumer, [](cluster::redis_source& source) { return source.leave(); });
}

void remove_silent(const redis_server& redis, std::chrono::milliseconds silence) {
  as_worker(redis, "me", [=](cluster::redis_source& source) { return source.remove_silent(silence); });
}

// How often Redis has done it.
long calls(const redis_server& redis, const std::string& command) {
  const std::string times =
      redis.ask("INFO commandstats | sed -n 's/^cmdstat_" + command + ":calls=\\([0-9]*\\).*/\\1/p'");
  return times.empty() ? 0 : std::stol(times);
}

std::string consumers(const redis_server& redis) { return redis.ask("XINFO CONSUMERS '{cp:default}:req' w"); }

}  // namespace

TEST_CASE("Q1: a worker that leaves stays in the group while entries are pending that it never received") {
  const redis_server redis;
  redis.ask("XGROUP CREATE '{cp:default}:req' w 0 MKSTREAM");
  redis.ask("XADD '{cp:default}:req' '*' p a");
  redis.ask("XREADGROUP GROUP w me COUNT 1 STREAMS '{cp:default}:req' '>'");
  leave(redis, "me");
  CHECK(redis.ask("XPENDING '{cp:default}:req' w").starts_with("1"));
  redis.ask("XACK '{cp:default}:req' w $(" CARPOOL_REDIS_CLI " -s " + redis.socket() +
            " XPENDING '{cp:default}:req' w - + 1 | head -1)");
  leave(redis, "me");
  CHECK(redis.ask("XINFO CONSUMERS '{cp:default}:req' w").empty());
}

TEST_CASE(
    "Q1: dead workers leave the group when they have been silent for long, unless they hold something") {
  const redis_server redis;
  remove_silent(redis, 0ms);  // there is no stream yet
  redis.ask("XADD '{cp:default}:req' '*' p a");
  remove_silent(redis, 0ms);  // and no group
  redis.ask("XGROUP CREATE '{cp:default}:req' w 0");
  redis.ask("XREADGROUP GROUP w holder COUNT 1 STREAMS '{cp:default}:req' '>'");
  redis.ask("XGROUP CREATECONSUMER '{cp:default}:req' w dead");
  remove_silent(redis, 1h);
  CHECK(consumers(redis).find("dead") != std::string::npos);
  await([&] {
    remove_silent(redis, 1ms);
    return consumers(redis).find("dead") == std::string::npos;
  });
  CHECK(consumers(redis).find("holder") != std::string::npos);
  CHECK(redis.ask("XPENDING '{cp:default}:req' w").starts_with("1"));
}

TEST_CASE("a worker that is taken out of the group while it waits gets the next text all the same") {
  const redis_server redis;
  const auto worker = start_worker(redis);
  test_gateway gateway(redis.socket());
  CHECK(gateway.submit({"before"}).get().size() == 1);
  redis.ask("XGROUP DELCONSUMER '{cp:default}:req' w " +
            consumers(redis).substr(consumers(redis).find("worker-"), 23));
  check_result(gateway.submit({"after"}).get()[0], "after");
  CHECK(consumers(redis).find("worker-") != std::string::npos);
}

TEST_CASE(
    "a worker has Redis go through all workers once when it begins, and not again as often as it looks after "
    "its queue") {
  const redis_server redis;
  const auto worker = start_worker(redis);
  await([&] { return calls(redis, "set") >= 4; });  // it says what it runs
  CHECK(calls(redis, "xinfo|consumers") == 1);
}
