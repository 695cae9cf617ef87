// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What somebody has put into Redis and nobody can read, because it is larger than a reply of Redis may be.

#include "cluster/redis_source.hpp"
#include "scene.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <string>
#include <vector>

using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

cluster::redis_settings small_replies(const redis_server& redis) {
  return {.unix_socket = redis.socket(), .max_reply = std::size_t{1} << 20};
}

// Adds an entry with these fields before one that is larger than a reply may be.
void add_too_large(const redis_server& redis, const std::string& stream, const std::string& fields) {
  const temporary_folder folder;
  const auto large = folder.write("large", std::string(std::size_t{2} << 20, 'x'));
  redis.ask("-x XADD '" + stream + "' '*' " + fields + " <" + large.string());
}

// As a worker does that waits for its turn; whether there is anything to run.
boost::asio::awaitable<bool> adopt_abandoned(cluster::redis_source& source) {
  std::vector<cluster::abandoned_entry> found;
  while (found.empty()) found = co_await source.find_abandoned();
  CHECK(found.size() == 1);
  const auto adopted = co_await source.adopt(found[0].entry);
  co_return adopted.has_value();
}

}  // namespace

TEST_CASE("Q9: an entry that is too large to be read becomes a dead letter when it is found abandoned") {
  const redis_server redis;
  boost::asio::io_context io;
  cluster::redis_source source{io.get_executor(), small_replies(redis), cluster::queue_keys{"default"}, "me",
                               cluster::lease{100ms}};
  add_too_large(redis, "{cp:default}:req", "id 1 to '{cp:default}:rep:me' p");
  boost::asio::co_spawn(io, source.receive(1), [&](std::exception_ptr failed, const auto&) {
    CHECK(failed);
    boost::asio::co_spawn(io, adopt_abandoned(source), [&](std::exception_ptr unable, bool to_run) {
      CHECK_FALSE(unable);
      CHECK_FALSE(to_run);
      io.stop();
    });
  });
  io.run();
  check_empty(redis);
  CHECK(redis.ask("XRANGE '{cp:default}:dead' - +").find("the entry is too large to be read") !=
        std::string::npos);
}

TEST_CASE("Q9: a reply that is too large to be read keeps none of those behind it from their callers") {
  const redis_server redis;
  const auto worker = start_worker(redis);
  test_gateway gateway(small_replies(redis));
  check_result(gateway.submit({"before"}).get()[0], "before");
  const std::string replies = redis.ask("--scan --pattern '{cp:default}:rep:*'");
  add_too_large(redis, replies, "id 1 r");
  check_result(gateway.submit({"after"}).get()[0], "after");
}
