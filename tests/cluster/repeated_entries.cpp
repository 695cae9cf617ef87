// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// A server of Redis that takes another one's place without having heard of its last entries, and gives their
// names to other texts.

#include "cluster/text_request.hpp"
#include "scene.hpp"
#include <carpool/error.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>

#include <chrono>
#include <csignal>
#include <string>

using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

const std::string requests = "'{cp:default}:req'";

// Forgets the one entry of the queue and gives its name to the text "another's".
void take_over(const redis_server& redis) {
  const temporary_folder folder;
  const auto payload = folder.write(
      "payload", encode(cluster::text_request{.text = "another's", .deadline = cluster::wall_time::max()}));
  const std::string entry = redis.ask("XRANGE " + requests + " - + | head -1");
  redis.ask("DEL " + requests);
  REQUIRE(redis.ask("-x XADD " + requests + " " + entry + " id 1 to '{cp:default}:rep:another' p <" +
                    payload.string()) == entry);
}

void check_another_is_answered(const redis_server& redis) {
  const auto worker = start_worker(redis);
  await_length(redis, "rep:another", 1);
  check_empty(redis);
  end(*worker);
}

}  // namespace

TEST_CASE("Q12: who leaves takes no text along that has the entry's name after a failover") {
  const redis_server redis;
  test_gateway gateway(redis.socket());
  boost::asio::cancellation_signal leaving;
  auto left = gateway.submit({"lost"}, 60s, leaving.slot());
  await_length(redis, "req", 1);
  take_over(redis);
  gateway.ask([&](const cluster::remote_queue&) {
    leaving.emit(boost::asio::cancellation_type::terminal);
    return 0;
  });
  CHECK(error_of(std::move(left)) == boost::asio::error::operation_aborted);
  CHECK(error_of(gateway.submit({"later"}, 100ms)) == carpool::error::expired);  // and is withdrawn after it
  await_length(redis, "req", 1);
  check_another_is_answered(redis);
}

TEST_CASE("Q12: a worker's reply ends no text that has the entry's name after a failover") {
  const redis_server redis;
  held_text held;
  test_gateway gateway(redis.socket());
  const auto before = start_worker(redis);
  auto lost = gateway.submit({held.text()});
  held.await_run();
  before->signal(SIGTERM);
  before->await_line("finishing what has been taken");
  await([&] { return redis.ask("CLIENT LIST").find("cmd=xreadgroup") == std::string::npos; });
  take_over(redis);
  held.release();
  check_result(lost.get()[0], held.text());
  CHECK(before->wait() == 0);
  check_another_is_answered(redis);
}

TEST_CASE("Q12: replies of a server whose clock is behind that of the one it replaces are read") {
  const redis_server redis;
  test_gateway gateway(redis.socket());
  auto replies = gateway.submit({"mine"});
  await_length(redis, "req", 1);
  const std::string stream = redis.ask("XRANGE " + requests + " - + | sed -n '/^to$/{n;p}'");
  redis.ask("XADD '" + stream + "' 99999999999999-0 id 1 r 'of the server before'");
  await([&] { return gateway.unwanted() == 1; });
  redis.ask("DEL '" + stream + "'");
  redis.ask("CLIENT KILL TYPE normal");
  const auto worker = start_worker(redis);
  check_result(replies.get()[0], "mine");
}
